"""
`python -m benchmarks.growth [--quick]`; `scripts/bench growth` sets up what it needs first.
"""

import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from benchmarks.growth.measuring import Measured, measure
from benchmarks.growth.report import Series, goals, picture, table
from benchmarks.growth.seeding import Amounts

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGE, PICTURE = REFERENCE / "benchmarks-growth.md", REFERENCE / "benchmark-growth.svg"

PLAN: Sequence[tuple[str, Callable[[int], Amounts], Sequence[int]]] = (
    ("clients", lambda number: Amounts(clients=number), (1, 1_000, 10_000, 100_000, 500_000)),
    ("secrets of one client", lambda number: Amounts(secrets=number), (1, 10, 100, 1_000)),
    ("revocations", lambda number: Amounts(revocations=number), (0, 1_000, 10_000, 100_000)),
    ("clusters", lambda number: Amounts(clusters=number), (1, 100, 1_000)),
)
QUICK = 1_000
"""The largest amount that `--quick` tries."""

ALL = 10**9

INTRODUCTION = """\
# Benchmarks of growth

<!-- Written by scripts/bench: do not edit. -->

What a token costs when there is much of everything. A change must cost what changed: clients are read when they ask,
and what changed is told by a log ([why](../decisions/0003-embedded-database-memory-hot-path.md)).

`scripts/bench growth` measures all of this in one run; `--quick` shows in a minute that it works.
One worker, without the gateway, ES256, no storm shield, no limit; a change is, in turn, a client, a revocation, a
cluster, by another process. Beside the next request the slowest one of the half second after the change is shown: in
that time the same process also compiles what gateways are given. Starts and rates are the best of three; the goal of
a start is held against its CPU time, which says the same on a machine that others use, too.

Machine: {processor}, {cores} cores, Python {python}, load {load:.1f} at the start.

{goals}

![Milliseconds of the next token request after a change](benchmark-growth.svg)
"""


@click.command()
@click.option("--quick", is_flag=True, help="Small amounts, and print only.")
def main(*, quick: bool) -> None:
    """Measure what a token costs while clients, secrets, revocations and clusters grow."""
    load, most = os.getloadavg()[0], QUICK if quick else ALL
    measured = [
        Series(what, {amount: _measure(what, amounts(amount), quick=quick) for amount in steps if amount <= most})
        for what, amounts, steps in PLAN
    ]
    text = INTRODUCTION.format(
        processor=_processor(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        load=load,
        goals=goals(measured[0].rows),
    )
    text += "".join(f"\n## More {series.what}\n\n{table(series)}\n" for series in measured)
    click.echo(text)
    if not quick:
        PAGE.write_text(text, encoding="utf-8")
        PICTURE.write_text(picture(measured), encoding="utf-8")


def _measure(what: str, amounts: Amounts, *, quick: bool) -> Measured:
    click.echo(f"{what}: {amounts} ...", err=True)
    with tempfile.TemporaryDirectory(prefix="gatekey-growth-") as folder:
        return measure(Path(folder) / "data", amounts, 1.0 if quick else 4.0)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split()[:2])
    return platform.machine()


if __name__ == "__main__":
    main()
