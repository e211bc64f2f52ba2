"""`gatekey gateway-key`: what other proxies show when they ask for decisions."""

from pathlib import Path

import click

from gatekey.cli.opening import data_options, opened


@click.command("gateway-key")
@data_options
def gateway_key(config: Path | None, data: Path | None) -> None:
    """
    Print the key by which gateways and proxies prove that they belong to this installation.

    Proxies send it as X-Gatekey-Gateway-Key to /gateway/decision; for Envoys, `gatekey gateway bootstrap` puts it where
    it belongs. Keep it in a file that only the proxy can read.
    """
    with opened(config, data) as installation:
        click.echo(installation.gateway_key)
