"""`gatekey sign-in`: a way into the console."""

from pathlib import Path

import click

from gatekey.cli.opening import data_options, opened
from gatekey.cli.output import print_json


@click.command("sign-in")
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sign_in(config: Path | None, data: Path | None, *, as_json: bool) -> None:
    """Print a link that signs the owner in to the console, once, within an hour."""
    with opened(config, data) as installation:
        url = f"{installation.site.public_url}/sign-in/{installation.sign_in.issue_link()}"
    if as_json:
        print_json({"url": url})
    else:
        click.echo(url)
