"""`gatekey token`: one token, for scripts and for people."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict, Unpack

import click

from gatekey.cli.credentials.asking import AskedFor, asking_options, source_for
from gatekey.cli.groups import Command
from gatekey.cli.output import as_text, field_text
from gatekey.cli.private_output import hand_over, output_option
from gatekey.client.answer import read_claims
from gatekey.client.config.settings import ClientSettings
from gatekey.client.token import Token
from gatekey.errors import MalformedResponse
from gatekey.oauth.vocabulary import BEARER


class TokenForm(TypedDict):
    """What the options say of the token, and of how it is written."""

    fresh: bool
    header: bool
    as_json: bool
    decode: bool
    field: str | None


@click.command(
    cls=Command,
    short_help="Print an access token.",
    examples=(
        "gatekey token --env-file my-app.env --output token.txt",
        "gatekey token --env-file my-app.env --header | curl --header @- http://localhost:26600/v2/topology",
    ),
)
@asking_options
@click.option("--fresh", is_flag=True, help="Ask for a new one, in spite of a kept one or a remembered refusal.")
@click.option("--header", is_flag=True, help="Print a whole header: Authorization: Bearer ...")
@click.option("--json", "as_json", is_flag=True, help="Print the token, its expiry, audience and scope as JSON.")
@click.option("--decode", is_flag=True, help="Print what the token claims as JSON (no signature, no check of it).")
@click.option("--field", metavar="NAME", help="With --decode or --json: print this one value, such as exp.")
@output_option
def token(asked_for: AskedFor, output: Path | None, **form: Unpack[TokenForm]) -> None:
    """
    Print an access token, alone on standard output or in a private file.

    To call an API, keep it out of the process list: gatekey token --env-file FILE --header | curl --header @- URL

    A token is kept for all programs of this user. One that is older than ten seconds is not printed before another
    was asked for, so that a deleted client is noticed; while the token endpoint limits or is in trouble, it is. A
    refusal (exit code 4) is remembered for half a minute, then longer, and ends when the credentials file changes.
    """
    if sum((form["header"], form["as_json"], form["decode"])) > 1:
        raise click.UsageError("Choose one of --header, --json and --decode.")
    if form["field"] and not (form["as_json"] or form["decode"]):
        raise click.UsageError("--field needs --json or --decode.")
    source = source_for(asked_for)
    received = source.token(fresh=form["fresh"])
    if form["decode"]:
        text = _text(_claims(received), form["field"])
    elif form["as_json"]:
        text = _text(_document(received, source.settings), form["field"])
    elif form["header"]:
        text = f"Authorization: {received.authorization.reveal()}"
    else:
        text = received.access_token.reveal()
    hand_over(text, output, "The token is in")


def _text(document: Mapping[str, object], field: str | None) -> str:
    if field is None:
        return as_text(document)
    if field not in document:
        raise click.UsageError(f"There is no {field}; there are {', '.join(document)}.")
    return field_text(document, field)


def _document(received: Token, settings: ClientSettings) -> dict[str, object]:
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
