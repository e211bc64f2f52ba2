"""`gatekey clients`: the API clients of a cluster."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekey.cli.client_keys import keys
from gatekey.cli.client_secrets import secrets
from gatekey.cli.credentials_output import CredentialsOutput, NewCredentials
from gatekey.cli.opening import ACTOR, Refusal, data_options, find_client, find_cluster, opened
from gatekey.cli.output import print_details, print_json, print_table
from gatekey.oauth.credentials_file import FileFormat, credentials
from gatekey.oauth.vocabulary import in_order

if TYPE_CHECKING:
    from gatekey.server.clients.model import Client, ListedClient

NOT_PRESENTED = "its secret may never have been shown: rotate it"


@click.group()
def clients() -> None:
    """Create, list, show, change and delete API clients; their secrets and keys."""


clients.add_command(secrets)
clients.add_command(keys)


@clients.command("create")
@click.argument("name")
@click.option("--cluster", required=True, help="Name or id of the cluster.")
@click.option("--scopes", required=True, help="Comma-separated: Zeebe, Tasklist, Operate, Optimize, Secrets.")
@click.option(
    "--format", "form", type=click.Choice([form.value for form in FileFormat]), default="env", show_default=True,
    help="Lines for a shell (env), for docker --env-file (dotenv) or for PowerShell.",
)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), help="Write the credentials to this new file (mode 0600).")
@click.option("--lifetime", type=int, metavar="SECONDS", help="How long its tokens live, instead of the usual time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def create(  # noqa: PLR0913, PLR0917 - one parameter an option
    config: Path | None,
    data: Path | None,
    name: str,
    cluster: str,
    scopes: str,
    form: str,
    output: Path | None,
    lifetime: int | None,
    *,
    as_json: bool,
) -> None:
    """Create the API client NAME and print its credentials. The secret is shown this once."""
    place = CredentialsOutput.prepare(output, FileFormat(form))
    with opened(config, data) as installation:
        from gatekey.server.clients.administration import NewClient
        from gatekey.server.clients.model import Refused
        from gatekey.server.clusters.addresses import addresses_of

        owner = find_cluster(installation, cluster)
        new = NewClient(name, _words(scopes), owner.cluster_id, owner.organisation_id, ACTOR, lifetime)
        outcome = installation.clients.create(new)
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
        client = outcome.client
        shown = NewCredentials(
            client.client_id,
            outcome.secret,
            credentials(addresses_of(owner, installation.site), client.client_id, outcome.secret, client.scopes),
            {**_as_json(client), "secretId": outcome.secret_id},
            f"Created {client.name} ({client.client_id}).",
        )
        place.present(shown, as_json=as_json)
        installation.clients.mark_presented(outcome)


@clients.command("list")
@click.option("--cluster", help="Only the clients of this cluster (name or id).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def list_(config: Path | None, data: Path | None, cluster: str | None, *, as_json: bool) -> None:
    """List API clients; never a secret."""
    with opened(config, data) as installation:
        chosen = (find_cluster(installation, cluster),) if cluster else installation.clusters.all()
        found = [(c, listed) for c in chosen for listed in installation.clients.each(c.cluster_id)]
    if as_json:
        print_json([_details(listed, owner.name) for owner, listed in found])
        return
    if not found:
        click.echo(
            "There are no API clients yet. Create your first: gatekey clients create NAME --cluster C --scopes Zeebe"
        )
        return
    rows = [
        (
            listed.client.name,
            listed.client.client_id,
            owner.name,
            ",".join(in_order(listed.client.scopes)),
            f"{listed.client.created:%Y-%m-%d %H:%M}",
            "" if listed.secret_presented else NOT_PRESENTED,
        )
        for owner, listed in found
    ]
    print_table(("NAME", "CLIENT ID", "CLUSTER", "SCOPES", "CREATED (UTC)", ""), rows)


@clients.command("show")
@click.argument("client")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def show(config: Path | None, data: Path | None, client: str, *, as_json: bool) -> None:
    """Show CLIENT (client id, or its name where only one cluster has it) with its connection information."""
    with opened(config, data) as installation:
        listed = find_client(installation, client)
        from gatekey.server.clusters.addresses import addresses_of

        owner = find_cluster(installation, listed.client.cluster_id)
        addresses = addresses_of(owner, installation.site)
        values = {
            **_details(listed, owner.name),
            "zeebeAddress": addresses.zeebe,
            "zeebeRestAddress": addresses.rest,
            "oauthUrl": addresses.token_url,
        }
    if as_json:
        print_json(values)
        return
    print_details(
        [
            ("Name", listed.client.name),
            ("Client ID", listed.client.client_id),
            ("Cluster", f"{owner.name} ({owner.cluster_id})"),
            ("Scopes", ", ".join(in_order(listed.client.scopes))),
            *([("Tokens live", f"{listed.client.lifetime} s")] if listed.client.lifetime else []),
            ("Created", f"{listed.client.created:%Y-%m-%d %H:%M} UTC by {listed.client.created_by}"),
            ("Zeebe gRPC", addresses.zeebe),
            ("Zeebe REST", addresses.rest),
            ("OAuth URL", addresses.token_url),
            *([] if listed.secret_presented else [("Warning", NOT_PRESENTED)]),
        ]
    )


@clients.command("update")
@click.argument("client")
@click.option("--scopes", help="Comma-separated: the scopes that it has from now on. Tokens for lost ones are revoked.")
@click.option(
    "--lifetime", type=click.IntRange(min=0), metavar="SECONDS", help="How long its tokens live; 0 for the usual time."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def update_(  # noqa: PLR0913 - one parameter an option
    config: Path | None, data: Path | None, client: str, scopes: str | None, lifetime: int | None, *, as_json: bool
) -> None:
    """Give CLIENT (client id or name) other scopes, or its tokens another lifetime."""
    if scopes is None and lifetime is None:
        raise click.UsageError("Say what changes: --scopes or --lifetime.")
    with opened(config, data) as installation:
        from gatekey.server.clients.model import Change

        found = find_client(installation, client).client
        outcome = installation.clients.change(
            found.client_id, scopes=None if scopes is None else _words(scopes), lifetime=lifetime, by=ACTOR
        )
        if not isinstance(outcome, Change):
            raise Refusal("The client is gone: somebody deleted it just now." if outcome is None else outcome.public)
    if as_json:
        print_json({**_as_json(outcome.client), "lost": list(in_order(outcome.lost))})
        return
    click.echo(f"Changed {found.name}: its scopes are {', '.join(in_order(outcome.client.scopes))}.")
    if outcome.lost:
        click.echo(f"Tokens for {', '.join(in_order(outcome.lost))} are revoked.")


@clients.command("delete")
@click.argument("client")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def delete(config: Path | None, data: Path | None, client: str, *, yes: bool, as_json: bool) -> None:
    """Delete CLIENT (client id or name): from then on it gets no token, and those it has are revoked."""
    with opened(config, data) as installation:
        found = find_client(installation, client).client
        if not yes:
            click.confirm(
                f"Delete {found.name} ({found.client_id})? It gets no token from then on.", abort=True, err=True
            )
        installation.clients.delete(found.client_id, by=ACTOR)
    if as_json:
        print_json({"name": found.name, "clientId": found.client_id, "deleted": True})
    else:
        click.echo(f"Deleted {found.name} ({found.client_id}).")


def _words(scopes: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in scopes.split(",") if word.strip())


def _as_json(client: "Client") -> dict[str, object]:
    permissions = list(in_order(client.scopes))
    return {"name": client.name, "clientId": client.client_id, "permissions": permissions, "lifetime": client.lifetime}


def _details(listed: "ListedClient", cluster_name: str) -> dict[str, object]:
    client = listed.client
    return {
        **_as_json(client),
        "cluster": cluster_name,
        "clusterId": client.cluster_id,
        "created": client.created.isoformat(),
        "createdBy": client.created_by,
        "secretPresented": listed.secret_presented,
    }
