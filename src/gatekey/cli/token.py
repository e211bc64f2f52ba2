"""
`gatekey token`: one token, for scripts and for people.
"""

import os
import random
import time
from datetime import UTC, datetime

import click

from gatekey.cli.output import print_json
from gatekey.client.drive import drive
from gatekey.client.flow import Patience, fetch_token
from gatekey.client.reading import read_credentials
from gatekey.client.settings import ClientSettings, Place, authority_for, resolve
from gatekey.client.token import Token
from gatekey.client.transport import UrllibTransport
from gatekey.errors import MalformedResponse
from gatekey.wire.token_answer import BEARER, read_claims
from gatekey.wire.vocabulary import Scope

NOTICEABLE = 2.0
"""Seconds; a longer silence on a terminal looks like a fault."""


@click.command(short_help="Print an access token.")
@click.option("--env-file", metavar="FILE", help="Credentials file; without it the environment is read.")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope], case_sensitive=False),
    help="The API the token is for.  [default: Zeebe]",
)
@click.option("--audience", help="The audience the token is for, instead of a scope.")
@click.option("--header", is_flag=True, help="Print a whole header: Authorization: Bearer ...")
@click.option("--json", "as_json", is_flag=True, help="Print the token, its expiry, audience and scope as JSON.")
@click.option("--decode", is_flag=True, help="Print what the token claims as JSON (no signature, no check of it).")
@click.option(
    "--wait",
    type=click.FloatRange(min=0, max=3600),
    default=Patience().wait,
    show_default=True,
    help="Seconds to wait at most when the token endpoint is limiting or in trouble; 0 asks once.",
)
def token(  # noqa: PLR0913 - one parameter an option
    env_file: str | None,
    scope: str | None,
    audience: str | None,
    wait: float,
    *,
    header: bool,
    as_json: bool,
    decode: bool,
) -> None:
    """
    Print an access token, alone on standard output.

    To call an API, keep it out of the process list: gatekey token --env-file FILE --header | curl --header @- URL

    Each call sends one token request, which the rate limit counts. A refusal (exit code 4) is final: repeating it
    cannot help.
    """
    if sum((header, as_json, decode)) > 1:
        raise click.UsageError("Choose one of --header, --json and --decode.")
    if scope and audience:
        raise click.UsageError("Choose one of --scope and --audience.")
    places = _places(env_file)
    settings = resolve(places, Scope(scope) if scope else Scope.ZEEBE, audience)
    patience = Patience(wait=wait) if wait else Patience(attempts=1)
    flow = fetch_token(settings, patience, random.random)
    answer = drive(flow, UrllibTransport(authority=authority_for(places)), _sleep)
    received = Token.received(answer, time.time())
    if decode:
        _print_claims(received)
    elif as_json:
        _print_json(received, settings)
    else:
        authorization = f"Authorization: {received.authorization.reveal()}"
        click.echo(authorization if header else received.access_token.reveal())


def _places(env_file: str | None) -> list[Place]:
    environment = Place("the environment", os.environ)
    if env_file is None:
        return [environment]
    file = read_credentials(env_file)
    if file.open_to_others:
        click.echo(f"gatekey: warning: others on this machine can read or change {env_file}.", err=True)
        click.echo(f"gatekey: hint: chmod 600 {env_file}", err=True)
    return [file.place, environment]


def _sleep(seconds: float) -> None:
    if seconds >= NOTICEABLE:
        click.echo(f"gatekey: no token yet, asking again in {seconds:.0f} s", err=True)
    time.sleep(seconds)


def _print_json(received: Token, settings: ClientSettings) -> None:
    print_json(
        {
            "access_token": received.access_token.reveal(),
            "token_type": BEARER,
            "expires_in": max(0, round(received.expires_at - time.time())),
            "expires_at": datetime.fromtimestamp(received.expires_at, UTC).isoformat(timespec="seconds"),
            "audience": settings.audience,
            "scope": received.scope,
        }
    )


def _print_claims(received: Token) -> None:
    claims = read_claims(received.access_token)
    if claims is None:
        raise MalformedResponse("The token is opaque: it makes no claims to print.", 200)
    print_json(claims)
