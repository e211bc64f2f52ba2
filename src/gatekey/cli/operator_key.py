"""`gatekey operator-key`: what programs show that ask why an address is limited."""

from pathlib import Path

import click

from gatekey.cli.opening import data_options, opened


@click.command("operator-key")
@data_options
def operator_key(config: Path | None, data: Path | None) -> None:
    """
    Print the key by which programs of the operator's prove that they may ask about limits and lift blocks.

    They send it as a bearer token to /api/limits. Keep it in a file that only the program can read.
    """
    with opened(config, data) as installation:
        click.echo(installation.operating.key)
