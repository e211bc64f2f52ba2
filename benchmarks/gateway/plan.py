"""
How much is measured, and where.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """
    `seconds` is one burst of load; `samples` are calls made one at a time; `revocations` are timed one by one.
    """

    rounds: int
    seconds: int
    samples: int
    revocations: int


QUICK = Plan(rounds=1, seconds=1, samples=300, revocations=20)
"""Shows that everything runs; its figures are rough. About a minute."""

FULL = Plan(rounds=5, seconds=2, samples=1500, revocations=100)
"""For the page in docs/reference."""

MANY_CLUSTERS = 1_000
MANY_REVOCATIONS = 10_000


@dataclass(frozen=True, slots=True)
class Cores:
    """
    The gateway's core, and the one of the load and the upstreams; whoever measures stays on the second.
    """

    gateway: int
    load: int
