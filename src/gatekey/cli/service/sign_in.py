"""`gatekey sign-in`: a way into the console."""

import click

from gatekey.cli.groups import Command
from gatekey.cli.opening import Invocation, administers


@click.command("sign-in", cls=Command, examples=("gatekey sign-in",))
@administers()
def sign_in(at: Invocation) -> None:
    """Print a link that signs the owner in to the console, once, within an hour."""
    with at.opened() as installation:
        url = f"{installation.site.public_url}/sign-in/{installation.sign_in.issue_link()}"
    at.answer({"url": url}, url)
