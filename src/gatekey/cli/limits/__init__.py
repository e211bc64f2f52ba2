"""
`gatekey limits`: why an address is limited, lifting its block, and exceptions from the limit.

Owns how explanations look on a terminal. Refuses to find anything out: `auditing` explains, `limiting` keeps the rules.
"""

import click

from gatekey.cli.limits.rules import allow, disallow, rules
from gatekey.cli.limits.show import show
from gatekey.cli.limits.top import top
from gatekey.cli.limits.unblock import unblock


@click.group()
def limits() -> None:
    """See why an address is limited, lift its block, make exceptions."""


for command in (top, show, unblock, allow, disallow, rules):
    limits.add_command(command)
