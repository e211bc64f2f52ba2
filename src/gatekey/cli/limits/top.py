"""`gatekey limits top`: the addresses with most refusals."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekey.cli.durations import duration
from gatekey.cli.limits import wording
from gatekey.cli.opening import data_options, opened
from gatekey.cli.output import print_json, print_table

if TYPE_CHECKING:
    from gatekey.server.traffic.explaining import Overview


@click.command()
@click.option("--last", callback=duration, default="1h", show_default=True, metavar="DURATION", help="How far back.")
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True, help="How many addresses.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def top(config: Path | None, data: Path | None, last: timedelta, most: int, *, as_json: bool) -> None:
    """
    List the addresses that ask for tokens: the blocked first, then those with
    most refusals. A few seconds behind.
    """
    minutes = wording.minutes_of(last)
    with opened(config, data) as installation:
        overview = installation.operating.explanations.overview(minutes, most)
    if as_json:
        from gatekey.server.traffic.documents import overview_document

        print_json(overview_document(overview))
        return
    _print(overview)


def _print(overview: "Overview") -> None:
    from gatekey.server.traffic.wording import lasting

    period = lasting(overview.minutes * 60)
    if not overview.lines:
        click.echo(f"Nobody asked for a token in the last {period}.")
        return
    click.echo(f"Last {period}, until {wording.local(overview.now)}: {wording.tallied(overview.tally)}.")
    click.echo()
    rows = [
        (
            line.address,
            wording.state(line, overview.now),
            *(f"{number:,}" for number in (line.tally.requests, line.tally.granted, line.tally.faulty)),
            *(f"{number:,}" for number in (line.tally.limited, line.tally.blocked, line.clients)),
            wording.ago(line.last, overview.now),
        )
        for line in overview.lines
    ]
    print_table(
        ("ADDRESS", "STATE", "REQUESTS", "GRANTED", "FAULTY", "LIMITED", "BLOCKED", "CLIENTS", "LAST SEEN"), rows
    )
    left = overview.addresses - len(overview.lines)
    click.echo()
    if left > 0:
        click.echo(f"{left:,} more: --most {overview.addresses}.")
    click.echo(f"Why: gatekey limits show {overview.lines[0].address}")
