"""`gatekey authority`: the local certificate authority."""

from pathlib import Path

import click

from gatekey.cli.opening import Refusal, data_options, opened


@click.command()
@data_options
def authority(config: Path | None, data: Path | None) -> None:
    """Print the certificate (PEM) of the local authority that `serve --tls auto` made; clients have to trust it."""
    with opened(config, data) as installation:
        file = installation.site.authority
        if file is None or not Path(file).exists():
            raise Refusal(
                "This installation has no certificate authority.",
                hint="Run `gatekey serve --tls auto` to have one made.",
            )
        click.echo(Path(file).read_text(encoding="ascii"), nl=False)
