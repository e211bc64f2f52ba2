"""`gatekey limits list`: the addresses with most refusals."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from gatekey.cli.durations import duration
from gatekey.cli.groups import Command
from gatekey.cli.limits import wording
from gatekey.cli.opening import Invocation, administers
from gatekey.cli.output import Column, print_table

if TYPE_CHECKING:
    from gatekey.server.traffic.explaining import Overview


@click.command(
    "list", cls=Command, examples=("gatekey limits list", "gatekey limits list --last 7d --most 1 --field address")
)
@click.option("--last", callback=duration, default="1h", show_default=True, metavar="DURATION", help="How far back.")
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True, help="How many addresses.")
@administers("address", "state")
def list_(at: Invocation, last: timedelta, most: int) -> None:
    """
    List the addresses that ask for tokens: the blocked first, then those with
    most refusals. A few seconds behind.
    """
    minutes = wording.minutes_of(last)
    with at.opened() as installation:
        from gatekey.server.traffic.documents import overview_document

        overview = installation.operating.explanations.overview(minutes, most)
    document = overview_document(overview)
    at.answer(document["addresses"] if at.field else document, lambda: _print(overview))


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
    titles = ("STATE", "REQUESTS", "GRANTED", "FAULTY", "LIMITED", "BLOCKED", "CLIENTS", "LAST SEEN")
    print_table((Column("ADDRESS", whole=True), *titles), rows)
    left = overview.addresses - len(overview.lines)
    click.echo()
    if left > 0:
        click.echo(f"{left:,} more: --most {overview.addresses}.")
    click.echo(f"Why: gatekey limits show {overview.lines[0].address}")
