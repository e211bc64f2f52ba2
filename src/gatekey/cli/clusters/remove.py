"""`gatekey clusters rename` and `delete`."""

import click

from gatekey.cli.clusters.show import LABELS, print_clusters
from gatekey.cli.groups import Command
from gatekey.cli.naming import cluster_argument
from gatekey.cli.opening import ACTOR, Invocation, Refusal, administers, confirm, find_cluster


@click.command(cls=Command, examples=("gatekey clusters rename local staging",))
@cluster_argument()
@click.argument("name")
@administers(*LABELS)
def rename(at: Invocation, cluster: str, name: str) -> None:
    """Give CLUSTER (name or id) the new NAME; its id stays, and so do addresses, clients and tokens."""
    with at.opened() as installation:
        from gatekey.server.clusters.model import Refused

        outcome = installation.clusters.rename(find_cluster(installation, cluster), name, by=ACTOR)
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
        print_clusters(at, installation, [outcome])


@click.command(cls=Command, examples=("gatekey clusters delete staging", "gatekey clusters delete staging --clients"))
@cluster_argument()
@click.option("--clients", is_flag=True, help="Delete its clients first: they get no token, and theirs are revoked.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@administers()
def delete(at: Invocation, cluster: str, *, clients: bool, yes: bool) -> None:
    """Delete CLUSTER (name or id) with its secrets: the gateway takes no call for it. Refused while it has clients."""
    with at.opened() as installation:
        from gatekey.server.traffic.wording import many

        found = find_cluster(installation, cluster)
        number = installation.clients.count(found.cluster_id)
        if number and not clients:
            raise Refusal(
                f"The cluster {found.name!r} has {many(number, 'client')}.",
                hint="Delete them first, or with --clients.",
            )
        with_clients = f" and {many(number, 'client')}" if number else ""
        confirm(f"Delete the cluster {found.name} ({found.cluster_id}){with_clients}?", yes=yes)
        deleted = installation.clients.delete_all(found.cluster_id, by=ACTOR) if clients else 0
        refused = installation.clusters.delete(found, by=ACTOR)
        if refused:
            raise Refusal(refused.public)
    document = {"name": found.name, "clusterId": found.cluster_id, "deleted": True, "clients": deleted}
    at.answer(document, f"Deleted {found.name}{with_clients}.")
