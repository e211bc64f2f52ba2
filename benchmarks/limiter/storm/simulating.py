"""
A storm under a clock that jumps from request to request: the product's own limits, no network, no service.
"""

import heapq
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.limiter.storm.workers import Outcome, Worker
from gatekey.server.limits.limits import Limits, Mode
from gatekey.server.limits.model import SECOND, Admitted, LimitPolicy
from gatekey.server.limits.shared import SharedLimiter
from gatekey.server.settings import Settings

ADDRESS = "192.0.2.1"
LONGEST = 24 * 3600.0
"""Seconds after which a storm counts as endless."""


def simulate(mode: Mode, workers: list[Worker], random: Random) -> Outcome:
    """
    Let the storm pass, by the defaults of the settings: the storm shield is on, so in fair mode only the first of equal
    requests within its window spends anything of their client's budget.
    """
    now, usual = 0.0, Settings()
    policy = LimitPolicy()
    with TemporaryDirectory(prefix="gatekey-bench-") as folder:
        SharedLimiter.create(Path(folder) / "limits", 1024)
        limiter = SharedLimiter.open(Path(folder) / "limits", policy, lambda: round((1000 + now) * SECOND))
    cap = LimitPolicy(rate=usual.limit_fair_rate, burst=usual.limit_fair_burst)
    limits = Limits(limiter, policy, lambda: now, mode=mode, cap=cap)
    coming = [(worker.first, number) for number, worker in enumerate(workers)]
    heapq.heapify(coming)
    shared: dict[int, float] = {}
    served = requests = 0
    last = 0.0
    while coming and coming[0][0] < LONGEST:
        now, number = heapq.heappop(coming)
        worker = workers[number]
        worker.tries += 1
        requests += 1
        verdict = limits.ask(ADDRESS).verdict
        if isinstance(verdict, Admitted) and limits.fair and shared.get(worker.client) != now // usual.storm_shield:
            verdict = limits.ask_proved(ADDRESS, f"client{worker.client}", "").verdict
            if isinstance(verdict, Admitted):
                shared[worker.client] = now // usual.storm_shield
        if isinstance(verdict, Admitted):
            served, last = served + 1, now
        else:
            heapq.heappush(coming, (now + worker.pause(verdict.retry_after, random), number))
    limiter.close()
    return Outcome(len(workers), served, last if not coming else LONGEST, requests)
