"""`gatekey authority`: the local certificate authority."""

from pathlib import Path

import click

from gatekey.cli.groups import Command
from gatekey.cli.opening import Invocation, Refusal, administers


@click.command(cls=Command, examples=("gatekey authority > gatekey-authority.pem",))
@administers(prints_json=False)
def authority(at: Invocation) -> None:
    """Print the certificate (PEM) of the local authority that `serve --tls auto` made; clients have to trust it."""
    with at.opened() as installation:
        file = installation.site.authority
        if file is None or not Path(file).exists():
            raise Refusal(
                "This installation has no certificate authority.",
                hint="Run `gatekey serve --tls auto` to have one made.",
            )
        click.echo(Path(file).read_text(encoding="ascii"), nl=False)
