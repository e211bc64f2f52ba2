"""`gatekey token`: one token, for scripts and for people."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime

import click

from gatekey.cli.asking import AskedFor, asking_options, source_for
from gatekey.cli.output import print_field, print_json
from gatekey.client.answer import read_claims
from gatekey.client.config.settings import ClientSettings
from gatekey.client.token import Token
from gatekey.errors import MalformedResponse
from gatekey.oauth.vocabulary import BEARER


@click.command(short_help="Print an access token.")
@asking_options
@click.option("--fresh", is_flag=True, help="Ask for a new one, whatever is kept and whoever was refused.")
@click.option("--header", is_flag=True, help="Print a whole header: Authorization: Bearer ...")
@click.option("--json", "as_json", is_flag=True, help="Print the token, its expiry, audience and scope as JSON.")
@click.option("--decode", is_flag=True, help="Print what the token claims as JSON (no signature, no check of it).")
@click.option("--field", metavar="NAME", help="With --decode or --json: print this one value, such as exp.")
def token(  # noqa: PLR0913 - one for each option
    asked_for: AskedFor, *, fresh: bool, header: bool, as_json: bool, decode: bool, field: str | None
) -> None:
    """
    Print an access token, alone on standard output.

    To call an API, keep it out of the process list: gatekey token --env-file FILE --header | curl --header @- URL

    A token is kept for all programs of this user. One that is older than ten seconds is not printed before another
    was asked for, so that a deleted client is noticed; while the token endpoint limits or is in trouble, it is. A
    refusal (exit code 4) is remembered for half a minute, then longer, and ends when the credentials file changes.
    """
    if sum((header, as_json, decode)) > 1:
        raise click.UsageError("Choose one of --header, --json and --decode.")
    if field and not (as_json or decode):
        raise click.UsageError("--field needs --json or --decode.")
    source = source_for(asked_for)
    received = source.token(fresh=fresh)
    if decode:
        _print(_claims(received), field)
    elif as_json:
        _print(_facts(received, source.settings), field)
    else:
        authorization = f"Authorization: {received.authorization.reveal()}"
        click.echo(authorization if header else received.access_token.reveal())


def _print(document: Mapping[str, object], field: str | None) -> None:
    if field is None:
        print_json(document)
    elif field in document:
        print_field(document, field)
    else:
        raise click.UsageError(f"There is no {field}; there are {', '.join(document)}.")


def _facts(received: Token, settings: ClientSettings) -> Mapping[str, object]:
    return {
        "access_token": received.access_token.reveal(),
        "token_type": BEARER,
        "expires_in": max(0, round(received.expires_at - time.time())),
        "expires_at": datetime.fromtimestamp(received.expires_at, UTC).isoformat(timespec="seconds"),
        "audience": settings.audience,
        "scope": received.scope,
    }


def _claims(received: Token) -> Mapping[str, object]:
    claims = read_claims(received.access_token)
    if claims is None:
        raise MalformedResponse("The token is opaque: it makes no claims to print.", 200)
    return claims
