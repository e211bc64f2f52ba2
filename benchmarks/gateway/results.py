"""
What one run found, and whether it meets the goals. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.gateway.load import Alone, Burst, Kind
from benchmarks.gateway.revoking import Delays

DIRECT = "direct, no gateway"
PLAIN = "plain Envoy, jwt_authn cached, one route"
GATEKEY = "Gatekey"
MUCH = "Gatekey, 1 000 clusters, 10 000 revocations"
HAPROXY = "HAProxy, jwt_verify"
NGINX = "nginx, auth_request to Gatekey (both counted)"

LEAST_CALLS = 0.9
"""Calls per core beside the plain Envoy's."""

MOST_DELAY = 1.1
"""Added delay beside the plain Envoy's."""

LEAST_WITH_MUCH = 0.9
"""Calls per core with much to know, beside those with little."""

MOST_SECONDS = 1.0
"""Until the slowest revocation is felt."""


@dataclass(frozen=True, slots=True)
class Missing:
    """
    Not measured, and why.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Measured:
    """
    One gateway: bursts by kind, calls made one at a time, memory in MB after all that.
    """

    bursts: Mapping[Kind, Sequence[Burst]]
    alone: Mapping[Kind, Sequence[Alone]]
    megabytes: float

    def rate(self, kind: Kind) -> float:
        """
        Return the calls per CPU-second, the median of the bursts.
        """
        return median(burst.per_cpu_second for burst in self.bursts[kind])

    def per_second(self, kind: Kind) -> float:
        """
        Return the calls per second, the median of the bursts.
        """
        return median(burst.per_second for burst in self.bursts[kind])

    def p50(self, kind: Kind) -> float:
        """
        Return the median milliseconds of a call made alone.
        """
        return median(alone.p50 for alone in self.alone[kind])

    def p99(self, kind: Kind) -> float:
        """
        Return the 99th percentile in milliseconds.
        """
        return median(alone.p99 for alone in self.alone[kind])


@dataclass(frozen=True, slots=True)
class Results:
    """
    Everything, by the name of the row.
    """

    rows: Mapping[str, Measured | Missing]
    revoking: Sequence[Delays] | Missing


@dataclass(frozen=True, slots=True)
class Goal:
    """
    One goal; `figure` is None where it could not be measured.
    """

    name: str
    wanted: float
    figure: float | None
    at_least: bool

    @property
    def verdict(self) -> str:
        """
        The word for the table.
        """
        if self.figure is None:
            return "not available"
        return "met" if (self.figure >= self.wanted) is self.at_least else "**missed**"


def judge(results: Results) -> Iterator[Goal]:
    """
    Yield every goal with its figure.
    """
    direct, plain, ours, much = (_measured(results, name) for name in (DIRECT, PLAIN, GATEKEY, MUCH))
    for kind in Kind:
        figure = ours.rate(kind) / plain.rate(kind) if ours and plain else None
        yield Goal(f"{kind.words}: calls per core / plain Envoy", LEAST_CALLS, figure, at_least=True)
    for kind in (Kind.UNARY, Kind.HTTP):
        bare = direct.p50(kind) if direct else 0.0
        figure = (ours.p50(kind) - bare) / (plain.p50(kind) - bare) if ours and plain and direct else None
        yield Goal(f"{kind.words}: added p50 / plain Envoy", MOST_DELAY, figure, at_least=False)
    for kind in Kind:
        figure = much.rate(kind) / ours.rate(kind) if much and ours else None
        yield Goal(f"{kind.words}: with much to know / with little", LEAST_WITH_MUCH, figure, at_least=True)
    for delays in [] if isinstance(results.revoking, Missing) else results.revoking:
        name = f"slowest revocation of {len(delays.seconds)}, {delays.known} known before, s"
        yield Goal(name, MOST_SECONDS, max(delays.seconds), at_least=False)


def _measured(results: Results, name: str) -> Measured | None:
    row = results.rows.get(name)
    return row if isinstance(row, Measured) else None


def tables(results: Results) -> Iterator[str]:
    """
    Yield the lines of all tables, as Markdown.
    """
    yield from _rates(results)
    yield ""
    yield from _revoking(results.revoking)
    yield ""
    yield "| goal | wanted | found | |"
    yield "|---|---|---|---|"
    for goal in judge(results):
        figure = "-" if goal.figure is None else f"{goal.figure:.2f}"
        yield f"| {goal.name} | {'≥' if goal.at_least else '≤'} {goal.wanted} | {figure} | {goal.verdict} |"


def _rates(results: Results) -> Iterator[str]:
    heads = [f"{kind.words}, calls per CPU-s" for kind in Kind]
    delays = [f"{kind.words}, one at a time, p50 / p99 ms" for kind in (Kind.UNARY, Kind.HTTP)]
    yield f"| gateway | {' | '.join([*heads, *delays])} | MB |"
    yield "|---" * (len(heads) + len(delays) + 2) + "|"
    for name, row in results.rows.items():
        if isinstance(row, Missing):
            yield f"| {name} | not available: {row.reason} |" + " |" * (len(heads) + len(delays))
            continue
        rates = [f"{row.rate(kind):,.0f}".replace(",", " ") if row.megabytes else "-" for kind in Kind]
        alone = [f"{row.p50(kind):.3f} / {row.p99(kind):.3f}" for kind in (Kind.UNARY, Kind.HTTP)]
        yield f"| {name} | {' | '.join([*rates, *alone])} | {f'{row.megabytes:.0f}' if row.megabytes else '-'} |"


def _revoking(found: Sequence[Delays] | Missing) -> Iterator[str]:
    if isinstance(found, Missing):
        yield f"Revocations: not available: {found.reason}"
        return
    yield "| revocations known before | timed | p50 s | p90 s | slowest s |"
    yield "|---|---|---|---|---|"
    for delays in found:
        p90 = quantiles(delays.seconds, n=10)[8]
        figures = f"{median(delays.seconds):.3f} | {p90:.3f} | {max(delays.seconds):.3f}"
        yield f"| {delays.known} | {len(delays.seconds)} | {figures} |"
