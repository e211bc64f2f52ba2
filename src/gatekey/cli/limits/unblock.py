"""`gatekey limits unblock`: lift an address's block at once."""

import click

from gatekey.cli.groups import Command
from gatekey.cli.opening import ACTOR, Invocation, Refusal, administers


@click.command(cls=Command, examples=('gatekey limits unblock 192.0.2.7 --reason "old worker stopped"',))
@click.argument("address")
@click.option("--reason", default="", help="Why, one line; it is kept with who did it.")
@administers()
def unblock(at: Invocation, address: str, reason: str) -> None:
    """Lift the block of ADDRESS: within a second or two it is met as if it had never asked."""
    with at.opened() as installation:
        from gatekey.server.limits.orders import Refused

        outcome = installation.operating.limits.unblock(address, reason=reason, by=ACTOR)
    if isinstance(outcome, Refused):
        raise Refusal(outcome.public)
    document = {"address": outcome, "unblocked": True}
    at.answer(document, f"Unblocked {outcome}: within a second or two it may ask again.")
