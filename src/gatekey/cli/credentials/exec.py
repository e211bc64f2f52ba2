"""`gatekey exec`: run a program that finds a token in its environment, and no secret."""

import os
import subprocess
import sys

import click

from gatekey.cli.credentials.asking import AskedFor, asking_options, source_for
from gatekey.cli.groups import Command
from gatekey.client.config.settings import CLIENT_SECRET

VARIABLE = "GATEKEY_ACCESS_TOKEN"

NOT_FOUND, NOT_STARTED = 127, 126
"""Exit codes of shells for programs that are not there or cannot be started."""


@click.command(
    "exec",
    cls=Command,
    short_help="Run a program with an access token in its environment.",
    examples=("gatekey exec --env-file my-app.env --as TOKEN -- ./nightly-report.sh",),
)
@asking_options
@click.option(
    "--as", "names", metavar="NAME", multiple=True, help=f"Variable to put the token in.  [default: {VARIABLE}]"
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(asked_for: AskedFor, names: tuple[str, ...], command: tuple[str, ...]) -> None:
    """
    Run COMMAND with an access token in its environment: gatekey exec --env-file FILE -- COMMAND ARGUMENTS

    The program gets the token and not the client secret, whose variables are taken out. It keeps that one token:
    programs that run for longer than it lives should use the library. Its exit code is this command's.
    """
    wrong = [name for name in names if not name.isidentifier()]
    if wrong:
        raise click.UsageError(f"{wrong[0]!r} is no name for a variable.")
    token = source_for(asked_for).token().access_token.reveal()
    environment = {name: value for name, value in os.environ.items() if name not in CLIENT_SECRET.names}
    environment |= dict.fromkeys(names or (VARIABLE,), token)
    try:
        _become(command, environment)
    except OSError as error:
        click.echo(f"gatekey: error: {command[0]} cannot be run: {error.strerror}.", err=True)
        click.echo("gatekey: hint: Check its name, and that it is a program.", err=True)
        sys.exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_STARTED)


def _become(command: tuple[str, ...], environment: dict[str, str]) -> None:
    """Become the program, so that signals and its exit code need no passing on; where that is impossible, run it."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execvpe(command[0], command, environment)  # noqa: S606 - no shell: the user's own words are the command
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)
