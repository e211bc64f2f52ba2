"""
`gatekey limits`: why an address is limited, lifting its block, and exceptions from the limit.

Owns how explanations look on a terminal. Refuses to find anything out: `gatekey.server.traffic` explains,
`gatekey.server.limits` keeps the rules. Serves `gatekey.cli`.
"""

import click

from gatekey.cli.groups import CommandGroup
from gatekey.cli.limits.list import list_
from gatekey.cli.limits.rules import allow, disallow, rules
from gatekey.cli.limits.show import show
from gatekey.cli.limits.unblock import unblock


@click.group(cls=CommandGroup, renamed={"top": "list"})
def limits() -> None:
    """See why an address is limited, lift its block, make exceptions."""


for command in (list_, show, unblock, allow, disallow, rules):
    limits.add_command(command)
