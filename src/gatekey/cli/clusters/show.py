"""`gatekey clusters list` and `show`."""

from typing import TYPE_CHECKING

import click

from gatekey.cli.groups import Command
from gatekey.cli.naming import cluster_argument
from gatekey.cli.opening import Invocation, administers, find_cluster
from gatekey.cli.output import Column, details_of, print_blocks, print_table

if TYPE_CHECKING:
    from gatekey.server.clusters.model import Cluster
    from gatekey.server.run.installation import Installation

LABELS = {
    "name": "Name",
    "clusterId": "Cluster ID",
    "region": "Region",
    "zeebeAddress": "Zeebe gRPC",
    "zeebeRestAddress": "Zeebe REST",
    "operateUrl": "Operate",
    "tasklistUrl": "Tasklist",
    "optimizeUrl": "Optimize",
    "secretsUrl": "Secrets",
    "oauthUrl": "OAuth URL",
    "audiences": "Audiences",
    "grpcUpstream": "gRPC upstream",
    "restUpstream": "REST upstream",
    "operateUpstream": "Operate upstream",
    "tasklistUpstream": "Tasklist upstream",
    "optimizeUpstream": "Optimize upstream",
    "upstreamAuthorities": "Upstream authorities",
    "upstreamServerName": "Upstream server name",
    "upstreamCertificate": "Upstream certificate",
    "upstreamKey": "Upstream key",
}
"""What is shown of a cluster: the names in its JSON, and how people call them."""


@click.command("list", cls=Command, examples=("gatekey clusters list", "gatekey clusters list --field name"))
@administers(*LABELS)
def list_(at: Invocation) -> None:
    """List all clusters."""
    with at.opened() as installation:
        found = installation.clusters.all()
        documents = [cluster_document(installation, cluster) for cluster in found]
    rows = [(c.name, c.cluster_id, c.region, c.grpc_upstream, c.rest_upstream) for c in found]
    upstreams = (Column("gRPC UPSTREAM", whole=True), Column("REST UPSTREAM", whole=True))
    columns = ("NAME", Column("CLUSTER ID", whole=True), "REGION", *upstreams)
    at.answer(documents, lambda: print_table(columns, rows))


@click.command(cls=Command, examples=("gatekey clusters show local", "gatekey clusters show local --field clusterId"))
@cluster_argument(many=True)
@administers(*LABELS)
def show(at: Invocation, clusters: tuple[str, ...]) -> None:
    """Show each CLUSTER (name or id) with every address a client needs."""
    with at.opened() as installation:
        print_clusters(at, installation, [find_cluster(installation, cluster) for cluster in clusters])


def print_clusters(at: Invocation, installation: "Installation", clusters: "list[Cluster]") -> None:
    """Print clusters: one as it is, several as a list."""
    documents = [cluster_document(installation, cluster) for cluster in clusters]

    at.answer(
        documents if len(documents) > 1 else documents[0],
        lambda: print_blocks([details_of(document, LABELS) for document in documents]),
    )


def cluster_document(installation: "Installation", cluster: "Cluster") -> dict[str, object]:
    """Return what JSON says of a cluster."""
    from gatekey.oauth.vocabulary import Scope
    from gatekey.server.clusters.addresses import addresses_of

    addresses = addresses_of(cluster, installation.site)
    return {
        "name": cluster.name,
        "clusterId": cluster.cluster_id,
        "region": cluster.region,
        "created": cluster.created.isoformat(),
        "zeebeAddress": addresses.zeebe,
        "zeebeRestAddress": addresses.rest,
        "operateUrl": addresses.operate,
        "tasklistUrl": addresses.tasklist,
        "optimizeUrl": addresses.optimize,
        "secretsUrl": addresses.secrets,
        "oauthUrl": addresses.token_url,
        "grpcUpstream": cluster.grpc_upstream,
        "restUpstream": cluster.rest_upstream,
        "operateUpstream": cluster.apis.operate or cluster.rest_upstream,
        "tasklistUpstream": cluster.apis.tasklist or cluster.rest_upstream,
        "optimizeUpstream": cluster.apis.optimize or cluster.rest_upstream,
        "upstreamAuthorities": cluster.tls.authorities,
        "upstreamServerName": cluster.tls.server_name,
        "upstreamCertificate": cluster.tls.certificate,
        "upstreamKey": cluster.tls.key,
        "audiences": [addresses.audience(scope) for scope in Scope],
    }
