"""
The command line: `gatekey`.

Owns words on a terminal: options, tables, exit codes, `error:` and `hint:` lines. Refuses decisions; the service's
contexts and the client software take them. Imports the server only inside the commands that need it, so that
`gatekey token` works, and starts quickly, where nothing else is installed.
"""

import contextlib
import os
import sys

import click

from gatekey import __version__
from gatekey.cli.exits import Exit
from gatekey.cli.groups import LazyGroup
from gatekey.errors import GatekeyError, TokenError


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, package_name="gatekey", message="gatekey %(version)s")
def commands() -> None:
    """API clients, access tokens and a guarded gateway for Camunda 8 / Zeebe."""


def main() -> None:
    """Run the command line; every expected failure is one sentence, a hint and an exit code, never a traceback."""
    # The convention of no-color.org: set, and not empty.
    color = False if os.environ.get("NO_COLOR") else None
    try:
        commands(standalone_mode=False, color=color)
    except GatekeyError as error:
        _say(error.message, error.hint)
        if isinstance(error, TokenError) and not error.retryable and error.until is not None:
            from datetime import datetime

            until = datetime.fromtimestamp(error.until).astimezone().isoformat(" ", timespec="seconds")
            _say("", f"No program of this user asks again before {until}, unless gatekey token --fresh does.")
        _end(Exit.of(error))
    except click.ClickException as error:
        error.show()
        _end(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        _say("stopped", "")
        _end(Exit.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads our output any more: nothing to say, and no way to say it
        sys.exit(Exit.INTERRUPTED)
    except OSError as error:
        what = f"{error.filename}: " if error.filename else "The output cannot be written: "
        _say(f"{what}{error.strerror}.", "")
        _end(Exit.FAILED)


def _end(code: Exit) -> None:
    """End with the code, also where what is still in the output's buffer cannot be written."""
    try:
        sys.stdout.flush()
    except OSError:
        # The interpreter would try again at its end, and fail with a message and a code of its own.
        with contextlib.suppress(OSError):  # an output without a descriptor is nobody's file
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
    sys.exit(code)


def _say(message: str, hint: str) -> None:
    if message:
        click.echo(f"gatekey: error: {message}", err=True)
    if hint:
        click.echo(f"gatekey: hint: {hint}", err=True)
