"""
`gatekey clients`: the API clients of a cluster.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekey.cli.credentials_output import CredentialsOutput
from gatekey.cli.opening import ACTOR, Refusal, data_options, find_cluster, opened
from gatekey.cli.output import print_details, print_json, print_table
from gatekey.wire.credentials_file import FileFormat, credentials, render
from gatekey.wire.vocabulary import in_order

if TYPE_CHECKING:
    from gatekey.server.app import Installation
    from gatekey.server.clients.model import ListedClient

NOT_PRESENTED = "its secret may never have been shown: delete it and create a new one"


@click.group()
def clients() -> None:
    """
    Create, list, show and delete API clients.
    """


@clients.command("create")
@click.argument("name")
@click.option("--cluster", required=True, help="Name or id of the cluster.")
@click.option("--scopes", required=True, help="Comma-separated: Zeebe, Tasklist, Operate, Optimize, Secrets.")
@click.option(
    "--format", "form", type=click.Choice(list(FileFormat)), default=FileFormat.ENV, show_default=True,
    help="env: export lines for a shell; dotenv: NAME=value lines for docker --env-file.",
)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), help="Write the credentials to this new file (mode 0600).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def create(  # noqa: PLR0913, PLR0917 - one parameter an option
    config: Path | None,
    data: Path | None,
    name: str,
    cluster: str,
    scopes: str,
    form: FileFormat,
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    """
    Create the API client NAME and print its credentials. The secret is shown this once.
    """
    place = CredentialsOutput.prepare(output)
    with opened(config, data) as installation:
        from gatekey.server.clients.administration import Wish
        from gatekey.server.clients.model import Refused
        from gatekey.server.clusters.addresses import addresses_of

        owner = find_cluster(installation, cluster)
        words = tuple(word.strip() for word in scopes.split(",") if word.strip())
        outcome = installation.clients.create(Wish(name, words, owner.cluster_id, owner.organisation_id, ACTOR))
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
        client = outcome.client
        entries = credentials(addresses_of(owner, installation.site), client.client_id, outcome.secret, client.scopes)
        text = render(entries, form)
        place.write(text)
        if as_json:
            shown = {} if output else {"clientSecret": outcome.secret.reveal()}
            print_json(
                {
                    **_as_json(client_name=client.name, client_id=client.client_id, scopes=in_order(client.scopes)),
                    **shown,
                }
            )
        elif output:
            click.echo(f"Created {client.name} ({client.client_id}). Its credentials are in {output}.")
        else:
            click.echo(text, nl=False)
        installation.clients.mark_presented(outcome)


@clients.command("list")
@click.option("--cluster", help="Only the clients of this cluster (name or id).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def list_(config: Path | None, data: Path | None, cluster: str | None, *, as_json: bool) -> None:
    """
    List API clients; never a secret.
    """
    with opened(config, data) as installation:
        chosen = (find_cluster(installation, cluster),) if cluster else installation.clusters.all()
        found = [(c, listed) for c in chosen for listed in installation.clients.of_cluster(c.cluster_id)]
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
    """
    Show CLIENT (client id, or its name where only one cluster has it) with its connection information.
    """
    with opened(config, data) as installation:
        listed = _find(installation, client)
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
            ("Created", f"{listed.client.created:%Y-%m-%d %H:%M} UTC by {listed.client.created_by}"),
            ("Zeebe gRPC", addresses.zeebe),
            ("Zeebe REST", addresses.rest),
            ("OAuth URL", addresses.token_url),
            *([] if listed.secret_presented else [("Warning", NOT_PRESENTED)]),
        ]
    )


@clients.command("delete")
@click.argument("client")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def delete(config: Path | None, data: Path | None, client: str, *, yes: bool, as_json: bool) -> None:
    """
    Delete CLIENT (client id or name): from then on it gets no token.
    """
    with opened(config, data) as installation:
        found = _find(installation, client).client
        if not yes:
            click.confirm(
                f"Delete {found.name} ({found.client_id})? It gets no token from then on.", abort=True, err=True
            )
        installation.clients.delete(found.client_id, by=ACTOR)
    if as_json:
        print_json({"name": found.name, "clientId": found.client_id, "deleted": True})
    else:
        click.echo(f"Deleted {found.name} ({found.client_id}).")


def _find(installation: "Installation", name_or_id: str) -> "ListedClient":
    listed = installation.clients.find(name_or_id)
    if listed is not None:
        return listed
    named = [
        listed
        for cluster in installation.clusters.all()
        for listed in installation.clients.of_cluster(cluster.cluster_id)
        if listed.client.name == name_or_id
    ]
    if len(named) > 1:
        raise Refusal(f"Several clusters have a client {name_or_id!r}.", hint="Use its client id.")
    if not named:
        raise Refusal(f"There is no client {name_or_id!r}.", hint="See gatekey clients list.")
    return named[0]


def _as_json(client_name: str, client_id: str, scopes: tuple[str, ...]) -> dict[str, object]:
    return {"name": client_name, "clientId": client_id, "permissions": list(scopes)}


def _details(listed: "ListedClient", cluster_name: str) -> dict[str, object]:
    client = listed.client
    return {
        **_as_json(client.name, client.client_id, in_order(client.scopes)),
        "cluster": cluster_name,
        "clusterId": client.cluster_id,
        "created": client.created.isoformat(),
        "createdBy": client.created_by,
        "secretPresented": listed.secret_presented,
    }
