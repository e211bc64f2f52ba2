"""The options of commands that need a token, and the source that they mean."""

import os
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from gatekey.cli.durations import lifetime
from gatekey.cli.groups import Function, RenamedOption
from gatekey.client.config.reading import read_credentials
from gatekey.client.config.settings import SettingsPlace, resolve
from gatekey.client.events import Event, TokenRequestDelayed
from gatekey.client.policy import TokenDemand
from gatekey.client.source import TokenSource
from gatekey.oauth.vocabulary import Scope

LONGEST_WAIT = 3_600
"""Seconds; who waits longer is better served by a schedule of their own."""

CONFIRMED_FOR = 10.0
"""
Seconds. No API tells a command of a deleted client: an older token is confirmed by asking for another. Once in ten
seconds is a tenth of what one address may ask.
"""

NOTICEABLE = 2.0
"""Seconds; a longer silence on a terminal looks like a fault."""


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What the options say: whose token, for which API, and how many seconds it may take."""

    env_file: str | None
    scope: Scope
    audience: str | None
    wait: float


def asking_options(command: Function) -> Function:
    """Add the options that say which token is meant; the command gets them as `asked_for`."""

    @click.option("--env-file", metavar="FILE", help="Credentials file; without it the environment is read.")
    @click.option(
        "--scopes",
        "scope",
        cls=RenamedOption,
        old=["--scope"],
        type=click.Choice([scope.value for scope in Scope], case_sensitive=False),
        help="The API the token is for.  [default: Zeebe]",
    )
    @click.option("--audience", help="The audience the token is for, instead of a scope.")
    @click.option(
        "--wait",
        metavar="DURATION",
        callback=_patience,
        default=f"{TokenDemand().patience:g}s",
        show_default=True,
        help="How long to wait at most when the token endpoint is limiting or in trouble; 0 asks once.",
    )
    @wraps(command)
    def asking(env_file: str | None, scope: str | None, audience: str | None, wait: float, **rest: Any) -> Any:
        if scope and audience:
            raise click.UsageError("Choose one of --scopes and --audience.")
        asked_for = AskedFor(env_file, Scope(scope) if scope else Scope.ZEEBE, audience, wait)
        return command(asked_for=asked_for, **rest)

    return asking  # type: ignore[return-value] # click calls it by the names of the options


def _patience(context: click.Context, option: click.Parameter, value: str) -> float:
    seconds = float(lifetime(context, option, value) or 0)
    if seconds > LONGEST_WAIT:
        raise click.BadParameter(f"An hour at most, not {value}.")
    return seconds


def source_for(asked_for: AskedFor) -> TokenSource:
    """Return the source that the options mean; it renews before it answers, for a command ends too soon afterwards."""
    settings = resolve(places_of(asked_for.env_file), asked_for.scope, asked_for.audience)
    return TokenSource(
        settings=settings, patience=asked_for.wait, max_age=CONFIRMED_FOR, background=False, listener=_tell
    )


def places_of(env_file: str | None) -> tuple[SettingsPlace, ...]:
    """Return where settings are looked for; warns about a file that others can read."""
    environment = SettingsPlace("the environment", os.environ)
    if env_file is None:
        return (environment,)
    file = read_credentials(env_file)
    if file.open_to_others:
        click.echo(f"gatekey: warning: others on this machine can read or change {env_file}.", err=True)
        click.echo(f"gatekey: hint: chmod 600 {env_file}", err=True)
    return file.place, environment


def _tell(event: Event) -> None:
    if isinstance(event, TokenRequestDelayed) and event.seconds >= NOTICEABLE:
        click.echo(f"gatekey: no token yet, asking again in {event.seconds:.0f} s", err=True)
