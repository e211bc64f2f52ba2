"""`gatekey clients secrets`: the secrets of one API client."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekey.cli.credentials_output import CredentialsOutput, NewCredentials
from gatekey.cli.durations import duration, moment
from gatekey.cli.opening import ACTOR, Refusal, data_options, find_client, find_cluster, opened
from gatekey.cli.output import print_json, print_table
from gatekey.oauth.credentials_file import FileFormat, credentials

if TYPE_CHECKING:
    from gatekey.server.clients.model import Client, ListedSecret, Rotated
    from gatekey.server.run.installation import Installation


@click.group()
def secrets() -> None:
    """List, rotate and end the secrets of an API client."""


@secrets.command("list")
@click.argument("client")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def list_(config: Path | None, data: Path | None, client: str, *, as_json: bool) -> None:
    """
    List the secrets of CLIENT (client id or name): which work, until when, and who used them last.

    A use appears after a few seconds. Secrets that have ended are listed for another 30 days.
    """
    with opened(config, data) as installation:
        found = installation.secrets.of_client(find_client(installation, client).client.client_id)
    if as_json:
        print_json([_details(listed) for listed in found])
        return
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
    print_table(("SECRET ID", "LABEL", "CREATED (UTC)", "ENDS (UTC)", "LAST USED (UTC)", "FROM", "BY", ""), rows)


@secrets.command("rotate")
@click.argument("client")
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
@click.option(
    "--format", "form", type=click.Choice([form.value for form in FileFormat]), default="env", show_default=True,
    help="Lines for a shell (env), for docker --env-file (dotenv) or for PowerShell.",
)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), help="Write the credentials to this new file (mode 0600).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def rotate(  # noqa: PLR0913, PLR0917 - one parameter an option
    config: Path | None,
    data: Path | None,
    client: str,
    label: str,
    overlap: timedelta | None,
    ends: datetime | None,
    form: str,
    output: Path | None,
    *,
    now: bool,
    as_json: bool,
) -> None:
    """
    Give CLIENT (client id or name) a new secret and print its credentials. The secret is shown this once.

    Older secrets work on for a while, so that programs can take the new one one after the other.
    """
    if now and overlap:
        raise click.UsageError("Choose one of --now and --overlap.")
    place = CredentialsOutput.prepare(output, FileFormat(form))
    with opened(config, data) as installation:
        from gatekey.server.clients.model import Refused
        from gatekey.server.clients.secret_administration import OVERLAP

        found = find_client(installation, client).client
        overlap = timedelta(0) if now else OVERLAP if overlap is None else overlap
        outcome = installation.secrets.rotate(found.client_id, overlap=overlap, label=label, ends=ends, by=ACTOR)
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
        place.present(_new_credentials(installation, found, outcome), as_json=as_json)
        installation.secrets.mark_presented(outcome)


@secrets.command("end")
@click.argument("client")
@click.argument("secret_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def end(  # noqa: PLR0913 - one parameter an option
    config: Path | None, data: Path | None, client: str, secret_id: str, *, yes: bool, as_json: bool
) -> None:
    """End the secret SECRET_ID of CLIENT now and revoke its tokens; the last one that works cannot be ended."""
    with opened(config, data) as installation:
        found = find_client(installation, client).client
        if not yes:
            question = f"End secret {secret_id} of {found.name}? It gets no token from then on."
            click.confirm(question, abort=True, err=True)
        refused = installation.secrets.end(found.client_id, secret_id, by=ACTOR)
    if refused:
        raise Refusal(refused.public)
    if as_json:
        print_json({"clientId": found.client_id, "secretId": secret_id, "ended": True})
    else:
        click.echo(f"Ended secret {secret_id} of {found.name}.")


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
