"""`gatekey clients secrets`: the secrets of one API client."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from gatekey.cli.clients.change import WHICH
from gatekey.cli.clients.credentials_output import CredentialsOutput, NewCredentials, credentials_options
from gatekey.cli.durations import duration, moment
from gatekey.cli.groups import CommandGroup
from gatekey.cli.naming import client_argument, cluster_option
from gatekey.cli.opening import ACTOR, Invocation, Refusal, administers, confirm, find_client, find_cluster
from gatekey.cli.output import Column, print_table
from gatekey.oauth.credentials_file import FileFormat, credentials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekey.server.clients.model import Client, ListedSecret, Rotated
    from gatekey.server.run.installation import Installation


@click.group(cls=CommandGroup)
def secrets() -> None:
    """List, rotate and end the secrets of an API client."""


@secrets.command("list", examples=("gatekey clients secrets list my-app",))
@client_argument()
@cluster_option(WHICH)
@administers("secretId", "label", "created", "ends", "ended")
def list_(at: Invocation, client: str, cluster: str | None) -> None:
    """
    List the secrets of CLIENT (client id or name): which work, until when, and who used them last.

    A use appears after a few seconds. Secrets that have ended are listed for another 30 days.
    """
    with at.opened() as installation:
        found = installation.secrets.of_client(find_client(installation, client, cluster).client.client_id)
    at.answer([_details(listed) for listed in found], lambda: _print(found))


def _print(found: "Sequence[ListedSecret]") -> None:
    rows = [
        (
            listed.secret.secret_id,
            listed.secret.label,
            _minute(listed.secret.created),
            _end(listed),
            _minute(listed.use.at) if listed.use else "never",
            listed.use.address if listed.use else "",
            _printable(listed.use.user_agent) if listed.use else "",
            "" if listed.secret.presented else "may never have been shown",
        )
        for listed in found
    ]
    titles = ("LABEL", "CREATED (UTC)", "ENDS (UTC)", "LAST USED (UTC)", "FROM", "BY", "")
    print_table((Column("SECRET ID", whole=True), *titles), rows)


class RotationOptions(TypedDict):
    """What the options of `rotate` say."""

    cluster: str | None
    label: str
    overlap: timedelta | None
    now: bool
    ends: datetime | None
    form: str
    output: Path | None


@secrets.command(
    "rotate",
    examples=(
        'gatekey clients secrets rotate my-app --label "summer 2027" --output my-app-new.env',
        "gatekey clients secrets rotate my-app --now --output my-app-safe.env",
    ),
)
@client_argument()
@cluster_option(WHICH)
@click.option("--label", default="", help="What the new secret is for, one line.")
@click.option(
    "--overlap", callback=duration, metavar="DURATION",
    help="How long older secrets work on: 7d, 24h, 30m.  [default: 7d]",
)  # fmt: skip
@click.option("--now", is_flag=True, help="A secret leaked: the older ones end now and their tokens are revoked.")
@click.option(
    "--ends", callback=moment, metavar="DURATION|DATE",
    help="When the new secret itself ends: 90d, 2027-01-31 (UTC).  [default: never]",
)  # fmt: skip
@credentials_options
@administers("name", "clientId", "clientSecret", "secretId", "othersEnd")
def rotate(at: Invocation, client: str, **asked: Unpack[RotationOptions]) -> None:
    """
    Give CLIENT (client id or name) a new secret and print its credentials. The secret is shown this once.

    Older secrets work on for a while, so that programs can take the new one one after the other.
    """
    now, overlap = asked["now"], asked["overlap"]
    if now and overlap:
        raise click.UsageError("Choose one of --now and --overlap.")
    place = CredentialsOutput.prepare(asked["output"], FileFormat(asked["form"]), at)
    with at.opened() as installation:
        from gatekey.server.clients.model import Refused
        from gatekey.server.clients.secret_administration import OVERLAP

        found = find_client(installation, client, asked["cluster"]).client
        overlap = timedelta(0) if now else OVERLAP if overlap is None else overlap
        outcome = installation.secrets.rotate(
            found.client_id, overlap=overlap, label=asked["label"], ends=asked["ends"], by=ACTOR
        )
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
        place.present(_new_credentials(installation, found, outcome))
        installation.secrets.mark_presented(outcome)


@secrets.command("end", examples=("gatekey clients secrets end my-app SECRET_ID",))
@client_argument()
@click.argument("secret_id")
@cluster_option(WHICH)
@click.option("--yes", is_flag=True, help="Do not ask.")
@administers()
def end(at: Invocation, client: str, secret_id: str, cluster: str | None, *, yes: bool) -> None:
    """End the secret SECRET_ID of CLIENT now and revoke its tokens; the last one that works cannot be ended."""
    with at.opened() as installation:
        found = find_client(installation, client, cluster).client
        confirm(f"End secret {secret_id} of {found.name}? It gets no token from then on.", yes=yes)
        refused = installation.secrets.end(found.client_id, secret_id, by=ACTOR)
    if refused:
        raise Refusal(refused.public)
    document = {"clientId": found.client_id, "secretId": secret_id, "ended": True}
    at.answer(document, f"Ended secret {secret_id} of {found.name}.")


def _new_credentials(installation: "Installation", client: "Client", rotated: "Rotated") -> NewCredentials:
    from gatekey.server.clusters.addresses import addresses_of

    addresses = addresses_of(find_cluster(installation, client.cluster_id), installation.site)
    when = rotated.others_end
    facts = {
        "name": client.name,
        "clientId": client.client_id,
        "secretId": rotated.secret_id,
        "othersEnd": when.isoformat() if when else None,
    }
    older = f" Older secrets end {_minute(when)} UTC." if when else ""
    return NewCredentials(
        client.client_id,
        rotated.secret,
        credentials(addresses, client.client_id, rotated.secret, client.scopes),
        facts,
        f"Rotated the secret of {client.name} ({client.client_id}).{older}",
    )


def _details(listed: "ListedSecret") -> dict[str, object]:
    secret, use = listed.secret, listed.use
    last = {"at": use.at.isoformat(), "address": use.address, "userAgent": use.user_agent} if use else None
    return {
        "secretId": secret.secret_id,
        "label": secret.label,
        "created": secret.created.isoformat(),
        "ends": secret.ends.isoformat() if secret.ends else None,
        "ended": not secret.lives(datetime.now(UTC)),
        "presented": secret.presented is not None,
        "lastUsed": last,
    }


def _end(listed: "ListedSecret") -> str:
    ends = listed.secret.ends
    if ends is None:
        return "never"
    return _minute(ends) if listed.secret.lives(datetime.now(UTC)) else f"ended {_minute(ends)}"


def _minute(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M}"


def _printable(text: str) -> str:
    # Strangers choose their user agents, and a terminal obeys escape sequences.
    return "".join(letter if letter.isprintable() else "?" for letter in text)
