"""`gatekey completion`: commands, options, clients and clusters completed by the shell."""

import click
from click.shell_completion import get_completion_class

from gatekey.cli.groups import Command
from gatekey.errors import ServiceError

HOW = {
    "bash": 'eval "$(gatekey completion bash)"          # in ~/.bashrc',
    "zsh": 'eval "$(gatekey completion zsh)"           # in ~/.zshrc',
    "fish": "gatekey completion fish | source           # in ~/.config/fish/config.fish",
}


@click.command(cls=Command, examples=tuple(HOW.values()))
@click.argument("shell", type=click.Choice(tuple(HOW)))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete commands, options, and the names of clients and clusters."""
    from gatekey.cli import commands

    found = get_completion_class(shell)
    if found is None:
        raise ServiceError(f"There is no completion for {shell}.")
    click.echo(found(commands, {}, "gatekey", "_GATEKEY_COMPLETE").source())
