"""
`gatekey clients`: the API clients of a cluster, their secrets and keys.

Owns how clients are asked for and shown on a terminal, and the file that new credentials go to. Refuses to decide
anything: `gatekey.server.clients` does. Serves `gatekey.cli`.
"""

import click

from gatekey.cli.clients.change import delete, update
from gatekey.cli.clients.create import create
from gatekey.cli.clients.keys import keys
from gatekey.cli.clients.secrets import secrets
from gatekey.cli.clients.show import list_, show
from gatekey.cli.groups import CommandGroup


@click.group(cls=CommandGroup)
def clients() -> None:
    """Create, list, show, change and delete API clients; their secrets and keys."""


for command in (create, list_, show, update, delete, secrets, keys):
    clients.add_command(command)
