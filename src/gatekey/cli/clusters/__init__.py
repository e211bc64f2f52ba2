"""
`gatekey clusters` and `gatekey secrets`: the Camunda installations behind the gateway, and what connectors read.

Owns how clusters are asked for and shown on a terminal, and looking at the files of their TLS. Refuses to decide
anything: `gatekey.server.clusters` does. Serves `gatekey.cli`.
"""

import click

from gatekey.cli.clusters.change import create, update
from gatekey.cli.clusters.remove import delete, rename
from gatekey.cli.clusters.show import list_, show
from gatekey.cli.groups import CommandGroup


@click.group(cls=CommandGroup)
def clusters() -> None:
    """Create, list, show, change, rename and delete clusters."""


for command in (create, list_, show, update, rename, delete):
    clusters.add_command(command)
