"""
`gatekey audit`: who changed what.

Owns how entries look on a terminal. Refuses to write any: stores do, with the change. Serves `gatekey.cli`.
"""

import click

from gatekey.cli.audit.listing import list_
from gatekey.cli.groups import CommandGroup


@click.group(cls=CommandGroup)
def audit() -> None:
    """Look at who changed what."""


audit.add_command(list_)
