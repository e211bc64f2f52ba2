"""
Token requests of workers that go on while they are refused or limited.
"""

import threading
import time
from contextlib import suppress

from benchmarks.client import libraries
from benchmarks.client.endpoint import Manner, answering
from benchmarks.client.tables import Plan, Table

WORKERS, ATTEMPTS_A_SECOND, RETRY_AFTER = 20, 10, 5


def hammering(plan: Plan) -> Table:
    """
    Count them for every library; ours for ten minutes besides, by a clock that is turned.
    """
    rows = []
    for name in libraries.SYNC:
        refused = hammered(name, Manner(401), plan.window)
        limited = hammered(name, Manner(429, retry_after=RETRY_AFTER), min(plan.window, RETRY_AFTER - 0.5))
        rows.append((name, str(refused), str(limited - 1)))
    return Table(
        "Never hammer",
        f"{WORKERS} workers, {ATTEMPTS_A_SECOND} attempts a second each. Requests in {plan.window:.0f} s with a dead"
        f" secret; requests within Retry-After: {RETRY_AFTER}. With a dead secret for ten minutes, by a clock that is"
        " turned, gatekey sends"
        f" {dead_secret()}. Goal: 5 in ten minutes (a cause that was mended shows after half a minute), none within"
        " Retry-After.",
        ("library", "dead secret", "within Retry-After"),
        rows,
    )


def hammered(name: str, manner: Manner, seconds: float) -> int:
    with answering(manner) as endpoint:
        ask, end = libraries.SYNC[name](endpoint.url), time.monotonic() + seconds

        def work() -> None:
            while time.monotonic() < end:
                with suppress(Exception):  # each library has its own; the worker goes on
                    ask()
                time.sleep(1 / ATTEMPTS_A_SECOND)

        threads = [threading.Thread(target=work) for _ in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return endpoint.count


def dead_secret() -> int:
    from gatekey import TokenError, TokenSource
    from support.endpoint import REFUSED, Endpoint

    endpoint = Endpoint()
    endpoint.replies = [REFUSED] * 100_000
    options = endpoint.options()
    workers = [TokenSource(**options) for _ in range(WORKERS)]
    for _ in range(600 * ATTEMPTS_A_SECOND):
        for worker in workers:
            with suppress(TokenError):
                worker.token()
        endpoint.now += 1 / ATTEMPTS_A_SECOND
    return len(endpoint.requests)
