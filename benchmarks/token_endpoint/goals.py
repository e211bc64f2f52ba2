"""
The goals of the token endpoint, and whether a run met them. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.token_endpoint import rows
from benchmarks.token_endpoint.results import Kind, Measured, Refusals, Results, Start
from benchmarks.token_endpoint.rows import Service

UNTOLD = 0.03
"""How far from 0.5 the chance to tell two refusals apart may be: three standard errors of the quick run's samples, and
an attacker would still be wrong in 47 of 100 single guesses."""

REACHABLE = 1 / 0.9
"""A server that spends nine tenths of its time on signatures leaves next to nothing to HTTP, JSON and the client."""


@dataclass(frozen=True, slots=True)
class Goal:
    """
    One goal: `figure` is None where it could not be measured.
    """

    name: str
    wanted: float
    figure: float | None
    at_least: bool = True
    unit: str = ""
    ceiling: float | None = None
    """What bare signatures alone would reach: no server can do more on this machine."""

    @property
    def verdict(self) -> str:
        """
        The word for the table.
        """
        if self.figure is None:
            return "not available"
        if self.figure >= self.wanted if self.at_least else self.figure <= self.wanted:
            return "met"
        if self.ceiling is not None and self.ceiling < self.wanted * REACHABLE:
            return f"**missed**, out of reach here: bare signatures alone would be {self.ceiling:.2f}"
        return "**missed**"


def judge(results: Results) -> Iterator[Goal]:
    """
    Yield every goal with its figure.
    """
    yield from _rates(results)
    yield from _ratios(results)
    yield from _refusals(results)
    seconds, held = _start(results)
    yield Goal("start on an existing folder to first token", 1.0, seconds, at_least=False, unit=" s")
    yield Goal("idle memory (PSS), one process", 80, held, at_least=False, unit=" MB")


def _start(results: Results) -> tuple[float | None, float | None]:
    if isinstance(results.start, Start):
        return results.start.seconds, results.start.memory.pss
    return None, None


def _rates(results: Results) -> Iterator[Goal]:
    yield Goal("RS256 tokens per core / RSA-2048 limit", 0.88, results.share(rows.RS256))
    yield Goal("the same without AVX-512 IFMA", 0.88, results.share(rows.RS256_PLAIN))
    yield Goal("ES256 tokens per core / P-256 limit", 0.20, results.share(rows.ES256))
    es256 = results.rows.get(rows.ES256)
    p99 = es256.p99 if isinstance(es256, Measured) else None
    yield Goal("ES256 p99 at 16 connections", 10, p99, at_least=False, unit=" ms")
    yield Goal("429 answers per core", 8000, results.rate(rows.LIMITED), unit=" /s")


def _ratios(results: Results) -> Iterator[Goal]:
    for name, wanted, mine, other in (
        ("ES256 / RS256", 3.5, rows.ES256, rows.RS256),
        ("storm shield under RS256 / ES256", 1.3, rows.SHIELDED, rows.ES256),
        ("429 answers / ES256", 2, rows.LIMITED, rows.ES256),
        ("RS256 / node-oidc-provider RS256", 2, rows.RS256, rows.NODE_RS256),
        ("ES256 / node-oidc-provider ES256", 3, rows.ES256, rows.NODE_ES256),
    ):
        ceiling = _ratio(results.limits.get(mine), results.rate(other)) if other.service is Service.NODE else None
        yield Goal(name, wanted, _ratio(results.rate(mine), results.rate(other)), ceiling=ceiling)
    two, one = (
        found.per_second if isinstance(found := results.workers.get(row), Measured) else None
        for row in (rows.TWO_WORKERS, rows.ONE_WORKER)
    )
    yield Goal("2 workers / 1 worker RS256, requests/s", 1.7, _ratio(two, one))


def _refusals(results: Results) -> Iterator[Goal]:
    found = results.refusals if isinstance(results.refusals, Refusals) else None
    for kind in (Kind.WRONG, Kind.UNKNOWN, Kind.DELETED):
        figure = found.cost[kind] / found.cost[Kind.GOOD] if found else None
        yield Goal(f"CPU of {kind} / {Kind.GOOD}", 1, figure, at_least=False)
    worst = max(abs(overlap.told_apart - 0.5) for overlap in found.pairs.values()) if found else None
    yield Goal("refusals told apart by their time (AUC - 0.5)", UNTOLD, worst, at_least=False)


def _ratio(figure: float | None, by: float | None) -> float | None:
    return figure / by if figure is not None and by else None
