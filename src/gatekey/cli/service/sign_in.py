"""`gatekey sign-in`: a way into the console."""

import click

from gatekey.cli.groups import Command
from gatekey.cli.opening import Invocation, Refusal, administers


@click.command("sign-in", cls=Command, examples=("gatekey sign-in",))
@click.option("--member", "email", metavar="EMAIL", help="Whom the link signs in, instead of the first owner.")
@administers()
def sign_in(at: Invocation, email: str | None) -> None:
    """Print a link that signs the owner, or another member, in to the console, once, within an hour."""
    with at.opened() as installation:
        member = None if email is None else installation.sign_in.find(email)
        if email is not None and member is None:
            raise Refusal(f"There is no member {email!r}.")
        url = f"{installation.site.public_url}/sign-in/{installation.sign_in.issue_link(member)}"
    at.answer({"url": url}, url)
