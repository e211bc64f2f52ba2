"""
`python -m benchmarks.limiter [--quick]`; `scripts/bench limiter` sets up what it needs first.
"""

import os
import platform
import signal
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import click

from benchmarks.limiter.run import measure
from benchmarks.limiter.storm.table import FULL, QUICK, storm_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "benchmarks-limiter.md"

INTRODUCTION = """\
# Benchmarks of the limiter

<!-- Written by scripts/bench: do not edit. -->

`scripts/bench limiter` measures all of this in one run; `--quick` shows in about two minutes that it works.
How many refusals one core answers, also beside its ES256 tokens, is in
[the benchmarks of the token endpoint](benchmarks.md).

Machine: {processor}, {cores} cores, Python {python}.

## Decisions

```text
{decisions}
```

## A storm

Workers behind one address whose tokens ended together. They are models of real clients, by what these were measured to
do after a 429; no client itself runs here.

- *Replayed*: real requests to a really started service with one worker process, all storms of one mode at once, each
  from an address of its own.
- *Simulated*: the same limits and decision under a clock that jumps, until the last worker has its token.

{storm}

In strict mode, a crowd that comes back at the instant a block ends gets one burst and the next, longer block. Who has
crowds of that size behind one address chooses fair mode, or lets the workers share a token.
In fair mode with the storm shield, equal requests of one client within half a minute get one token and spend one
request of its budget: copies of a program are served at once. Without the shield each spends its own, and 130 copies of
one client do not fit into a burst; ten workers each of thirteen clients do.
In strict mode the shield saves signatures, not requests: it does not change who is limited.
"""


class _Both(StringIO):
    """
    Shows and keeps what is printed.
    """

    def write(self, text: str) -> int:
        sys.__stdout__.write(text) if sys.__stdout__ else None
        return super().write(text)


@click.command()
@click.option("--addresses", default=1_000_000, show_default=True, help="How many addresses make a crowd.")
@click.option("--quick", is_flag=True, help="Show that it works, in about two minutes; write no page.")
def main(*, addresses: int, quick: bool) -> None:
    """
    Measure the limiter in memory, in a shared file, and in a storm.
    """
    # An end from outside unwinds like any other: no server is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with redirect_stdout(_Both()) as told:
        measure(addresses // 10 if quick else addresses)
    click.echo()
    cores = sorted(os.sched_getaffinity(0))
    lines = []
    for line in storm_table(QUICK if quick else FULL, cores[:1]):
        click.echo(line)
        lines.append(line)
    if not quick:
        PAGE.write_text(
            INTRODUCTION.format(
                processor=_processor(),
                cores=os.cpu_count(),
                python=platform.python_version(),
                decisions=told.getvalue().rstrip(),
                storm="\n".join(lines),
            )
        )
        click.echo("wrote benchmarks-limiter.md")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


main()
