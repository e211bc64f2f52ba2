"""
The page: what was measured, on what machine, and which goals that meets. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.token_endpoint.goals import Goal, judge
from benchmarks.token_endpoint.plan import Plan
from benchmarks.token_endpoint.results import Kind, Measured, Missing, Refusals, Results, Start
from benchmarks.token_endpoint.rows import Row

PICTURE = "benchmark-token-endpoint.svg"
SMALL = 10
"""Figures below it are shown with two decimals."""

METHOD = """\
`scripts/bench token_endpoint` measures all of this in one run, in under eight minutes; `--quick` shows in about one
that it works. Compare the figures of one table, not those of two machines: RSA alone differs by more than three times.

- Machine: {processor}, {cores} cores, {wide} AVX-512 IFMA. (OpenSSL signs RSA two to three times as fast with it, and
  then all that surrounds the signature weighs as much more.)
- Versions: {versions}.
- Every server runs on one core, the load (h2load, 16 kept-alive connections, form body) on another. All servers stand
  ready at once and are loaded in turns, in random order, {rounds} times {seconds} s each; figures are medians. Before
  that, a token of each server is verified with its published key.
- *Per CPU-second*: answers by the CPU time of the server's whole process tree, so other work beside it counts little.
  *Of the limit*: against bare signatures of the same kind, on the same core, in the same turns. *Beside the signature*:
  what of the CPU time per answer is not the signature.
- Gatekey runs as delivered, with its limiter and observers, refusals logged; the peers log nothing. They keep their
  tokens in memory, except django-oauth-toolkit, which knows only a database (SQLite here)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """
    What was measured on: the class of the machine and the versions, never its name or paths.
    """

    processor: str
    cores: int
    wide_rsa: bool
    """Whether it has AVX-512 IFMA, with which OpenSSL signs RSA two to three times as fast."""
    versions: Mapping[str, str]


def page(results: Results, machine: Machine, plan: Plan) -> str:
    """
    Return the whole page as Markdown.
    """
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "<!-- Written by scripts/bench: do not edit. -->",
            "",
            "## Token endpoint",
            "",
            METHOD.format(
                processor=machine.processor,
                cores=machine.cores,
                wide="with" if machine.wide_rsa else "without",
                versions=", ".join(f"{name} {version}" for name, version in machine.versions.items()),
                rounds=plan.rounds,
                seconds=plan.seconds,
            ),
            "",
            f"![Tokens per CPU-second of each server]({PICTURE})",
            "",
            *tables(results),
            "",
        ]
    )


def tables(results: Results) -> Iterator[str]:
    """
    Yield the lines of all tables.
    """
    yield from _servers(results)
    yield ""
    yield from _workers(results)
    yield ""
    yield from _refused(results.refusals)
    yield ""
    yield from _started(results.start)
    yield ""
    yield "### Goals"
    yield ""
    yield "| goal | wanted | measured | |"
    yield "|---|---|---|---|"
    for goal in judge(results):
        yield f"| {goal.name} | {_wanted(goal)} | {_figure(goal)} | {goal.verdict} |"


def _servers(results: Results) -> Iterator[str]:
    yield "Bare signatures per CPU-second of the core:"
    yield ""
    yield "| signature | per CPU-second | µs |"
    yield "|---|---:|---:|"
    for name, limit in bare(results).items():
        yield f"| {name} | {number(limit)} | {1e6 / limit:.0f} |"
    yield ""
    yield "Servers on the same core:"
    yield ""
    columns = (
        "answers per CPU-second",
        "of the limit",
        "CPU µs",
        "beside the signature",
        "requests/s",
        "p50 ms",
        "p99 ms",
    )
    yield f"| server | {' | '.join(columns)} |"
    yield f"|---|{'---:|' * len(columns)}"
    for row, found in results.rows.items():
        if isinstance(found, Missing):
            yield f"| {row.name} | **not available**: {_cell(found.reason)} | | | | | | |"
        else:
            yield _server(row, found, results)


def _server(row: Row, found: Measured, results: Results) -> str:
    cost = 1e6 / found.per_cpu_second
    share, beside = "", ""
    if row.signs:
        share, beside = f"{results.share(row):.2f}", f"{cost - 1e6 / results.limits[row]:.0f}"
    first = f"| {row.name} | {number(found.per_cpu_second)} | {share} | {cost:.0f} | {beside} "
    return f"{first}| {number(found.per_second)} | {found.p50:.1f} | {found.p99:.1f} |"


def bare(results: Results) -> dict[str, float]:
    """
    Return the limits by what they are the limits of.
    """
    return {signature(row): limit for row, limit in results.limits.items()}


def signature(row: Row) -> str:
    """
    Return what a row's signature is called.
    """
    return f"{row.algorithm} without AVX-512 IFMA" if row.processor else row.algorithm


def _workers(results: Results) -> Iterator[str]:
    yield "### Workers"
    yield ""
    yield "Server and load share both cores."
    yield ""
    yield "| server | requests/s | p50 ms | p99 ms |"
    yield "|---|---:|---:|---:|"
    for row, found in results.workers.items():
        if isinstance(found, Missing):
            yield f"| {row.name} | **not available**: {_cell(found.reason)} | | |"
        else:
            yield f"| {row.name} | {number(found.per_second)} | {found.p50:.1f} | {found.p99:.1f} |"


def _refused(found: Refusals | Missing) -> Iterator[str]:
    yield "### Refusals"
    yield ""
    if isinstance(found, Missing):
        yield f"**Not available**: {found.reason}."
        return
    yield f"{found.row.name}. The time is that of one request at a time on one connection, {found.samples} of each kind"
    yield "in random order."
    yield ""
    yield "| request | CPU µs per answer | median time µs |"
    yield "|---|---:|---:|"
    for kind in Kind:
        yield f"| {kind} | {found.cost[kind]:.0f} | {found.delay[kind]:.1f} |"
    yield ""
    yield "Could anybody tell two of them apart by their time? AUC is the chance to be right about one pair (0.5: never"
    yield "better than guessing); D and p are those of the two-sample Kolmogorov-Smirnov test."
    yield ""
    yield "| refusals | AUC | D | p |"
    yield "|---|---:|---:|---:|"
    pairs = {f"{one}, {other}": overlap for (one, other), overlap in found.pairs.items()}
    for name, overlap in {**pairs, "control: two halves of one sample": found.control}.items():
        yield f"| {name} | {overlap.told_apart:.3f} | {overlap.distance:.3f} | {overlap.chance:.2g} |"


def _started(found: Start | Missing) -> Iterator[str]:
    yield "### Start and memory"
    yield ""
    if isinstance(found, Missing):
        yield f"**Not available**: {_cell(found.reason)}."
        return
    yield "`gatekey serve --no-gateway` with an existing data folder: from the command to the first token"
    yield f"{found.seconds:.2f} s; at rest {found.memory.pss:.0f} MB PSS ({found.memory.rss:.0f} MB RSS)."


def _wanted(goal: Goal) -> str:
    return f"{'≥' if goal.at_least else '≤'} {goal.wanted:g}{goal.unit}"


def _figure(goal: Goal) -> str:
    return "" if goal.figure is None else f"{number(goal.figure)}{goal.unit}"


def number(value: float) -> str:
    """
    Return a figure as people read it.
    """
    if value < 1:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < SMALL else f"{value:,.0f}".replace(",", " ")


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")[:200]
