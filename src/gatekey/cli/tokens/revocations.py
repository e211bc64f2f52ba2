"""`gatekey tokens`: ending access tokens before their time."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from gatekey.cli.groups import CommandGroup
from gatekey.cli.naming import client_option, cluster_option
from gatekey.cli.opening import ACTOR, Invocation, Refusal, administers, find_client
from gatekey.cli.output import Column, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekey.server.run.installation import Installation
    from gatekey.server.tokens.revocation import Revocation

WHO_REFUSES = "The gateway, introspection and the Secrets API refuse them within a second."
"""What a revocation reaches today; said wherever somebody revokes."""

TOKEN_LIMIT = 64 * 1024
"""Bytes; our own tokens have about one thousand."""


@click.group(cls=CommandGroup)
def tokens() -> None:
    """Revoke access tokens."""


class RevocationOptions(TypedDict):
    """Whose tokens are meant: exactly one is not None."""

    client: str | None
    secret: str | None
    token_file: Path | None


@tokens.command(
    "revoke",
    examples=("gatekey tokens revoke --client my-app", "gatekey tokens revoke --token-file token.txt"),
)
@client_option("Revoke all tokens of this client (client id or name).")
@cluster_option("Where the client's name is meant, if several clusters have it (name or id).")
@click.option("--secret", metavar="SECRET_ID", help="Revoke all tokens that this secret got.")
@click.option(
    "--token-file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Revoke the token in this file; - is standard input.",
)  # fmt: skip
@administers()
def revoke(at: Invocation, cluster: str | None, **which: Unpack[RevocationOptions]) -> None:
    """Revoke one token, or all that a client or a secret got until now; a working secret gets new ones."""
    client, secret, token_file = which["client"], which["secret"], which["token_file"]
    if sum(given is not None for given in (client, secret, token_file)) != 1:
        raise click.UsageError("Choose one of --client, --secret and --token-file.")
    token = _read_token(token_file) if token_file else ""
    with at.opened() as installation:
        now = time.time()
        if client is not None:
            revocation = _of_client(installation, find_client(installation, client, cluster).client.client_id, now)
        elif secret is not None:
            revocation = _of_secret(installation, secret, now)
        else:
            revocation = _of_token(installation, token, now)
        installation.revocations.revoke(revocation, by=ACTOR, at=now)
    at.answer(_details(revocation), f"Revoked: tokens of {revocation.kind} {revocation.subject}. {WHO_REFUSES}")


@tokens.command("revocations", examples=("gatekey tokens revocations",))
@administers()
def revocations(at: Invocation) -> None:
    """List the revocations that still matter: those whose tokens have not all expired."""
    with at.opened() as installation:
        found = installation.revocations.all(time.time())
    at.answer([_details(revocation) for revocation in found], lambda: _print(found))


def _print(found: "Sequence[Revocation]") -> None:
    if not found:
        click.echo("Nothing is revoked.")
        return
    rows = [(each.kind.value, each.subject, _second(each.before), _second(each.until)) for each in found]
    titles = ("KIND", Column("SUBJECT", whole=True), "ISSUED BEFORE (UTC)", "MATTERS UNTIL (UTC)")
    print_table(titles, rows)


def _of_client(installation: "Installation", client_id: str, now: float) -> "Revocation":
    from gatekey.server.tokens.revocation import Kind, Revocation, revoke_all_until

    return Revocation(Kind.CLIENT, client_id, revoke_all_until(now), now + installation.rotation.lifetime)


def _of_secret(installation: "Installation", secret_id: str, now: float) -> "Revocation":
    from gatekey.server.tokens.revocation import Kind, Revocation, revoke_all_until

    if installation.secrets.find(secret_id) is None:
        raise Refusal(f"There is no secret {secret_id!r}.", hint="See gatekey clients secrets list CLIENT.")
    return Revocation(Kind.CREDENTIAL, secret_id, revoke_all_until(now), now + installation.rotation.lifetime)


def _of_token(installation: "Installation", token: str, now: float) -> "Revocation":
    from gatekey.server.run.compose import issuing_policy, open_directory
    from gatekey.server.tokens.revocation import Kind, Revocation, revoke_all_until
    from gatekey.server.tokens.verification import TokenCheck, Unverified

    directory = open_directory(installation)
    outcome = TokenCheck(directory, directory, issuing_policy(installation), time.time).inspect(token)
    if isinstance(outcome, Unverified):
        raise Refusal(f"There is nothing to revoke. {outcome.public}")
    claims = outcome.claims
    return Revocation(Kind.TOKEN, claims["jti"], revoke_all_until(now), float(claims["exp"]))


def _read_token(file: Path) -> str:
    try:
        if str(file) == "-":
            return sys.stdin.read(TOKEN_LIMIT).strip()
        with file.open(encoding="ascii") as opened_file:
            return opened_file.read(TOKEN_LIMIT).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{file} cannot be read as a token.") from error


def _details(revocation: "Revocation") -> dict[str, object]:
    return {
        "kind": revocation.kind.value,
        "subject": revocation.subject,
        "issuedBefore": datetime.fromtimestamp(revocation.before, UTC).isoformat(),
        "until": datetime.fromtimestamp(revocation.until, UTC).isoformat(timespec="seconds"),
    }


def _second(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
