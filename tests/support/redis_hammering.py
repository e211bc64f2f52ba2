"""
A program that asks a limiter over a store for one address until killed; it imports little, so that many start fast.
"""

import sys
from pathlib import Path

from gatekey.server.events.model import Event
from gatekey.server.limits.fallback import AdmitNone
from gatekey.server.storage.redis.limiter import SCRIPT, RedisLimiter
from gatekey.server.storage.redis.link import RedisLink, connector
from support.askers import Scoreboard, hammer, policy_of

PROGRAM = __file__


class Loud:
    """
    An `Observer` to which any trouble is the end.
    """

    def tell(self, event: Event) -> None:
        """
        Fail.
        """
        raise AssertionError(event)


def main(url: str, board: str, burst: str, worker: str) -> None:
    """
    Hammer by the clock of the board.
    """
    shared = Scoreboard(Path(board))
    link = RedisLink(connector(url, None, 30), SCRIPT, Loud())
    limiter = RedisLimiter(link, policy_of(burst), KEY, AdmitNone(), lambda: shared.now)
    limiter.start()
    hammer(limiter, shared, int(worker))


KEY = b"the key of an installation"

if __name__ == "__main__":
    main(*sys.argv[1:])
