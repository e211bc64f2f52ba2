"""`gatekey gateway-key` and `gatekey operator-key`: what programs show that belong to this installation."""

from pathlib import Path

import click

from gatekey.cli.groups import Command
from gatekey.cli.opening import Invocation, administers
from gatekey.cli.private_output import hand_over, output_option


@click.command("gateway-key", cls=Command, examples=("gatekey gateway-key --output gateway.key",))
@output_option
@administers(prints_json=False)
def gateway_key(at: Invocation, output: Path | None) -> None:
    """
    Print the key by which gateways and proxies prove that they belong to this installation.

    Proxies send it as X-Gatekey-Gateway-Key to /gateway/decision; for Envoys, `gatekey gateway bootstrap` puts it where
    it belongs. Keep it in a file that only the proxy can read.
    """
    with at.opened() as installation:
        key = installation.gateway_key
    hand_over(key, output, "The gateway key is in")


@click.command("operator-key", cls=Command, examples=("gatekey operator-key --output operator.key",))
@output_option
@administers(prints_json=False)
def operator_key(at: Invocation, output: Path | None) -> None:
    """
    Print the key by which programs of the operator's prove that they may ask about limits and lift blocks.

    They send it as a bearer token to /api/limits. Keep it in a file that only the program can read.
    """
    with at.opened() as installation:
        key = installation.operating.key
    hand_over(key, output, "The operator key is in")
