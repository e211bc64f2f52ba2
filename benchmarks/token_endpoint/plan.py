"""
How much is measured, and where.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """
    `seconds` is one burst of load, `warm_up` one that does not count, both whole because h2load knows no less;
    `samples` are the timed requests of each kind.
    """

    rounds: int
    seconds: int
    warm_up: int
    samples: int
    starts: int


QUICK = Plan(rounds=1, seconds=1, warm_up=0, samples=1500, starts=1)
"""Shows that everything runs; its figures are rough. About a minute."""

FULL = Plan(rounds=5, seconds=2, warm_up=1, samples=8000, starts=5)
"""For the page in docs/reference. Under eight minutes."""


@dataclass(frozen=True, slots=True)
class Cores:
    """
    The server's core and the load's; whoever measures stays on the second.
    """

    server: int
    load: int

    @property
    def both(self) -> tuple[int, int]:
        """
        For what is measured with several workers.
        """
        return self.server, self.load
