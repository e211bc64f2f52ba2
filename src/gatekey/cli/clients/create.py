"""`gatekey clients create`: a new API client with its credentials."""

from pathlib import Path
from typing import TypedDict, Unpack

import click

from gatekey.cli.clients.credentials_output import CredentialsOutput, NewCredentials, credentials_options
from gatekey.cli.clients.show import client_document, read_scopes
from gatekey.cli.durations import lifetime
from gatekey.cli.groups import Command
from gatekey.cli.naming import cluster_option
from gatekey.cli.opening import ACTOR, Invocation, Refusal, administers, find_cluster
from gatekey.oauth.credentials_file import FileFormat, credentials

LIFETIME_HELP = "How long its tokens live, instead of the usual time: 30m, 12h."


class NewClientOptions(TypedDict):
    """What the options of `create` say."""

    cluster: str | None
    scopes: str
    form: str
    output: Path | None
    lifetime: int | None


@click.command(
    cls=Command,
    examples=(
        "gatekey clients create my-app --cluster local --scopes Zeebe --output my-app.env",
        "gatekey clients create worker --cluster local --scopes Zeebe,Operate --lifetime 12h",
    ),
)
@click.argument("name")
@cluster_option("Name or id of its cluster; with one cluster only, it is that.")
@click.option("--scopes", required=True, help="Comma-separated: Zeebe, Tasklist, Operate, Optimize, Secrets.")
@credentials_options
@click.option("--lifetime", callback=lifetime, metavar="DURATION", help=LIFETIME_HELP)
@administers("name", "clientId", "clientSecret", "secretId")
def create(at: Invocation, name: str, **asked: Unpack[NewClientOptions]) -> None:
    """Create the API client NAME and print its credentials. The secret is shown this once."""
    place = CredentialsOutput.prepare(asked["output"], FileFormat(asked["form"]), at)
    with at.opened() as installation:
        from gatekey.server.clients.administration import NewClient
        from gatekey.server.clients.model import Refused
        from gatekey.server.clusters.addresses import addresses_of

        owner = find_cluster(installation, asked["cluster"])
        scopes = read_scopes(asked["scopes"])
        new = NewClient(name, scopes, owner.cluster_id, owner.organisation_id, ACTOR, asked["lifetime"])
        outcome = installation.clients.create(new)
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
        client = outcome.client
        place.present(
            NewCredentials(
                client.client_id,
                outcome.secret,
                credentials(addresses_of(owner, installation.site), client.client_id, outcome.secret, client.scopes),
                {**client_document(client), "secretId": outcome.secret_id},
                f"Created {client.name} ({client.client_id}).",
            )
        )
        installation.clients.mark_presented(outcome)
