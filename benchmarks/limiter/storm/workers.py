"""
How workers behave that have no token: models of real clients, none of them run here. Pure.

What each model does was measured with the unmodified client against a stub that answered 429; it stands in for it,
since 130 of the clients themselves would measure this machine.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from gatekey.client.policy import FIRST_PAUSE, LONGEST_PAUSE

WORKERS = 130
"""As in a storm that was seen in the field."""

EXPIRY_SPREAD = 0.2
"""Seconds within which the first requests come: workers that were started together renew together."""


class Kind(StrEnum):
    """
    A stand-in for each way to go on after a 429.
    """

    OBEYS = "obeys Retry-After exactly (@camunda8/sdk)"
    SPREADS = "obeys and spreads (gatekey)"
    BACKS_OFF = "1, 2, 4, 8 s, again at once (orchestration-cluster-api)"
    STEADY = "every 5 s (pyzeebe worker)"
    HAMMERS = "5.4 per second (Go worker)"


BACK_OFF = (1.0, 2.0, 4.0, 8.0, 0.0)
"""Seconds; five tries and then the next call's first one. Retry-After is ignored."""


@dataclass(slots=True)
class Worker:
    """
    One process that wants one token for client number `client`; `tries` it made.
    """

    kind: Kind
    client: int
    first: float
    tries: int = 0

    def pause(self, retry_after: int, random: Random) -> float:
        """
        Return the seconds from a 429 to the next try.
        """
        match self.kind:
            case Kind.OBEYS:
                return retry_after
            case Kind.SPREADS:
                spread = min(FIRST_PAUSE * 2.0 ** min(self.tries - 1, 10), LONGEST_PAUSE)
                return retry_after + random.uniform(0, spread)
            case Kind.BACKS_OFF:
                return BACK_OFF[(self.tries - 1) % len(BACK_OFF)]
            case Kind.STEADY:
                return 5.0
            case Kind.HAMMERS:
                return 1 / 5.4


def crew(kind: Kind, clients: int, random: Random, workers: int = WORKERS) -> list[Worker]:
    """
    Return workers that share `clients` clients evenly.
    """
    return [Worker(kind, number % clients, random.uniform(0, EXPIRY_SPREAD)) for number in range(workers)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    How a storm ended: how many got a token, the seconds until the last of these did, and all requests until then.
    """

    workers: int
    served: int
    seconds: float
    requests: int

    @property
    def ended(self) -> bool:
        """
        Whether everybody has a token.
        """
        return self.served == self.workers
