"""
`gatekey gateway`, `gateway-key` and `operator-key`: gateways on other machines, and keys of the operator's programs.

Owns the options of a gateway's configuration. Refuses to make it: `gatekey.server.gateway` does. Serves `gatekey.cli`.
"""

import click

from gatekey.cli.gateway.bootstrap import bootstrap
from gatekey.cli.groups import CommandGroup


@click.group(cls=CommandGroup)
def gateway() -> None:
    """Set up gateways on other machines."""


gateway.add_command(bootstrap)
