"""
The command line: `gatekey`.

Owns words on a terminal: options, tables, exit codes, `error:` and `hint:` lines. Refuses decisions; the service's
contexts and the client software take them. Imports the server only inside the commands that need it, so that
`gatekey token` works, and starts quickly, where nothing else is installed.
"""

import sys
from importlib import import_module

import click

from gatekey import __version__
from gatekey.cli.exits import Exit
from gatekey.errors import GatekeyError, TokenError

COMMANDS = {
    "serve": "serve",
    "demo-cluster": "demo_cluster",
    "sign-in": "sign_in",
    "clusters": "clusters",
    "clients": "clients",
    "secrets": "secrets",
    "keys": "keys",
    "tokens": "tokens",
    "limits": "limits",
    "authority": "authority",
    "gateway": "gateway",
    "gateway-key": "gateway_key",
    "operator-key": "operator_key",
    "token": "token",
    "exec": "execute",
    "status": "status",
    "logout": "logout",
    "doctor": "doctor",
    "backup": "backups.backup:backup",
    "restore": "backups.restore:restore",
}
"""The function of each command, in the module of the command's name unless another stands before it."""


class Commands(click.Group):
    """Loads the one command that was asked for: loading all of them takes longer than `gatekey token` does."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, as `--help` lists them."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return a command, None where there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module_name, _, function = COMMANDS[cmd_name].rpartition(":")
        module = import_module(f"{__name__}.{module_name or cmd_name.replace('-', '_')}")
        command: click.Command = getattr(module, function)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, package_name="gatekey", message="gatekey %(version)s")
def commands() -> None:
    """API clients, access tokens and a guarded gateway for Camunda 8 / Zeebe."""


def main() -> None:
    """Run the command line; every expected failure is one sentence, a hint and an exit code, never a traceback."""
    try:
        commands(standalone_mode=False)
    except GatekeyError as error:
        _say(error.message, error.hint)
        if isinstance(error, TokenError) and not error.retryable and error.until is not None:
            from datetime import datetime

            until = datetime.fromtimestamp(error.until).astimezone().isoformat(" ", timespec="seconds")
            _say("", f"No program of this user asks again before {until}, unless gatekey token --fresh does.")
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
    if message:
        click.echo(f"gatekey: error: {message}", err=True)
    if hint:
        click.echo(f"gatekey: hint: {hint}", err=True)
