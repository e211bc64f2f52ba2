"""`gatekey clients list` and `show`."""

from itertools import islice
from typing import TYPE_CHECKING

import click

from gatekey.cli.durations import span
from gatekey.cli.groups import Command
from gatekey.cli.naming import client_argument, cluster_option
from gatekey.cli.opening import Invocation, administers, find_client, find_cluster
from gatekey.cli.output import Column, details_of, print_blocks, print_table
from gatekey.oauth.vocabulary import in_order

if TYPE_CHECKING:
    from gatekey.server.clients.model import Client, ListedClient
    from gatekey.server.clusters.model import Cluster
    from gatekey.server.run.installation import Installation

NOT_PRESENTED = "its secret may never have been shown: rotate it"
MOST = 1_000
"""Lines that a person is shown without having asked for more."""

FIELDS = ("name", "clientId", "cluster", "clusterId", "permissions", "lifetime", "created", "createdBy")


@click.command(
    "list",
    cls=Command,
    examples=("gatekey clients list --search worker", "gatekey clients list --cluster local --field clientId"),
)
@cluster_option("Only the clients of this cluster (name or id).")
@click.option("--search", metavar="TEXT", default="", help="Only those with this text in their name, or with this id.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="At most so many, the oldest first.  [default: 1000, with --json and --field all]",
)
@administers(*FIELDS)
def list_(at: Invocation, cluster: str | None, search: str, limit: int | None) -> None:
    """List API clients; never a secret."""
    with at.opened() as installation:
        chosen = (find_cluster(installation, cluster),) if cluster else installation.clusters.all()
        each = ((owner, listed) for owner in chosen for listed in installation.clients.each(owner.cluster_id, search))
        found = list(islice(each, limit or (None if at.for_programs else MOST)))
        left = sum(installation.clients.count(owner.cluster_id, search) for owner in chosen) - len(found)
    at.answer(
        [_document(listed, owner.name) for owner, listed in found], lambda: _print_list(found, left, search=search)
    )


@click.command(cls=Command, examples=("gatekey clients show my-app", "gatekey clients show my-app --field clientId"))
@client_argument(many=True)
@cluster_option("Where the name is meant, if several clusters have it (name or id).")
@administers(*FIELDS, "zeebeAddress", "zeebeRestAddress", "oauthUrl")
def show(at: Invocation, clients: tuple[str, ...], cluster: str | None) -> None:
    """Show each CLIENT (client id or name) with its connection information."""
    with at.opened() as installation:
        found = [_described(installation, find_client(installation, client, cluster)) for client in clients]
    documents = [document for document, _ in found]
    at.answer(documents if len(found) > 1 else documents[0], lambda: print_blocks([rows for _, rows in found]))


def read_scopes(text: str) -> tuple[str, ...]:
    """Return the words of a comma-separated list of scopes."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def client_document(client: "Client") -> dict[str, object]:
    """Return what JSON says of a client."""
    permissions = list(in_order(client.scopes))
    return {"name": client.name, "clientId": client.client_id, "permissions": permissions, "lifetime": client.lifetime}


def _document(listed: "ListedClient", cluster_name: str) -> dict[str, object]:
    client = listed.client
    return {
        **client_document(client),
        "cluster": cluster_name,
        "clusterId": client.cluster_id,
        "created": client.created.isoformat(),
        "createdBy": client.created_by,
        "secretPresented": listed.secret_presented,
    }


def _described(installation: "Installation", listed: "ListedClient") -> tuple[dict[str, object], list[tuple[str, str]]]:
    from gatekey.server.clusters.addresses import addresses_of

    client = listed.client
    owner = find_cluster(installation, client.cluster_id)
    addresses = addresses_of(owner, installation.site)
    document = {
        **_document(listed, owner.name),
        "zeebeAddress": addresses.zeebe,
        "zeebeRestAddress": addresses.rest,
        "oauthUrl": addresses.token_url,
    }
    said = {
        **document,
        "cluster": f"{owner.name} ({owner.cluster_id})",
        "lifetime": span(client.lifetime) if client.lifetime else None,
        "created": f"{client.created:%Y-%m-%d %H:%M} UTC by {client.created_by}",
        "warning": None if listed.secret_presented else NOT_PRESENTED,
    }
    return document, details_of(said, LABELS)


LABELS = {
    "name": "Name",
    "clientId": "Client ID",
    "cluster": "Cluster",
    "permissions": "Scopes",
    "lifetime": "Tokens live",
    "created": "Created",
    "zeebeAddress": "Zeebe gRPC",
    "zeebeRestAddress": "Zeebe REST",
    "oauthUrl": "OAuth URL",
    "warning": "Warning",
}


def _print_list(found: "list[tuple[Cluster, ListedClient]]", left: int, *, search: str) -> None:
    if not found:
        first = "Create your first: gatekey clients create NAME --cluster CLUSTER --scopes Zeebe"
        click.echo(f"No client has {search!r} in its name." if search else f"There are no API clients yet. {first}")
        return
    warned = not all(listed.secret_presented for _, listed in found)
    rows = [
        (
            listed.client.name,
            listed.client.client_id,
            owner.name,
            ", ".join(in_order(listed.client.scopes)),
            f"{listed.client.created:%Y-%m-%d %H:%M}",
            *(("" if listed.secret_presented else NOT_PRESENTED,) if warned else ()),
        )
        for owner, listed in found
    ]
    columns = (Column("NAME"), Column("CLIENT ID", whole=True), "CLUSTER", "SCOPES", "CREATED (UTC)")
    print_table((*columns, *(("WARNING",) if warned else ())), rows)
    if left:
        click.echo(f"\n{left:,} more: --limit {left + len(found)}, or find some with --search.")
