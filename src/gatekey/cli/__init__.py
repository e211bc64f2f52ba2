"""
The command line: `gatekey`.

Owns words on a terminal: options, tables, exit codes, `error:` and `hint:` lines. Refuses decisions; the service's
contexts and the client software take them. Imports the server only inside the commands that need it, so that
`gatekey token` works, and starts quickly, where nothing else is installed.
"""

import sys

import click

from gatekey import __version__
from gatekey.cli.authority import authority
from gatekey.cli.clients import clients
from gatekey.cli.clusters import clusters
from gatekey.cli.doctor import doctor
from gatekey.cli.exec import execute
from gatekey.cli.exits import Exit
from gatekey.cli.gateway_key import gateway_key
from gatekey.cli.keys import keys
from gatekey.cli.logout import logout
from gatekey.cli.secrets import secrets
from gatekey.cli.serve import serve
from gatekey.cli.sign_in import sign_in
from gatekey.cli.status import status
from gatekey.cli.token import token
from gatekey.cli.tokens import tokens
from gatekey.errors import GatekeyError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, package_name="gatekey", message="gatekey %(version)s")
def commands() -> None:
    """
    API clients, access tokens and a guarded gateway for Camunda 8 / Zeebe.
    """


for command in (
    serve,
    sign_in,
    clusters,
    clients,
    secrets,
    keys,
    tokens,
    authority,
    gateway_key,
    token,
    execute,
    status,
    logout,
    doctor,
):
    commands.add_command(command)


def main() -> None:
    """
    Run the command line; every expected failure is one sentence, a hint and an exit code, never a traceback.
    """
    try:
        commands(standalone_mode=False)
    except GatekeyError as error:
        _say(error.message, error.hint)
        sys.exit(Exit.of(error))
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        _say("stopped", "")
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads our output any more: nothing to say, and no way to say it
        sys.exit(Exit.INTERRUPTED)


def _say(message: str, hint: str) -> None:
    click.echo(f"gatekey: error: {message}", err=True)
    if hint:
        click.echo(f"gatekey: hint: {hint}", err=True)
