"""`gatekey token`: one token, for scripts and for people."""

import time
from datetime import UTC, datetime

import click

from gatekey.cli.asking import AskedFor, asking_options, source_for
from gatekey.cli.output import print_json
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
def token(asked_for: AskedFor, *, fresh: bool, header: bool, as_json: bool, decode: bool) -> None:
    """
    Print an access token, alone on standard output.

    To call an API, keep it out of the process list: gatekey token --env-file FILE --header | curl --header @- URL

    A token is kept for all programs of this user, and the token endpoint is asked only when it ends. A refusal (exit
    code 4) is remembered for five minutes: repeating it cannot help.
    """
    if sum((header, as_json, decode)) > 1:
        raise click.UsageError("Choose one of --header, --json and --decode.")
    source = source_for(asked_for)
    received = source.token(fresh=fresh)
    if decode:
        _print_claims(received)
    elif as_json:
        _print_json(received, source.settings)
    else:
        authorization = f"Authorization: {received.authorization.reveal()}"
        click.echo(authorization if header else received.access_token.reveal())


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
