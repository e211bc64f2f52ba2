"""`gatekey limits unblock`: lift an address's block at once."""

from pathlib import Path

import click

from gatekey.cli.opening import ACTOR, Refusal, data_options, opened
from gatekey.cli.output import print_json


@click.command()
@click.argument("address")
@click.option("--reason", default="", help="Why, one line; it is kept with who did it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def unblock(config: Path | None, data: Path | None, address: str, reason: str, *, as_json: bool) -> None:
    """Lift the block of ADDRESS: within a second or two it is met as if it had never asked."""
    with opened(config, data) as installation:
        from gatekey.server.limits.orders import Refused

        outcome = installation.operating.limits.unblock(address, reason=reason, by=ACTOR)
    if isinstance(outcome, Refused):
        raise Refusal(outcome.public)
    if as_json:
        print_json({"address": outcome, "unblocked": True})
    else:
        click.echo(f"Unblocked {outcome}: within a second or two it may ask again.")
