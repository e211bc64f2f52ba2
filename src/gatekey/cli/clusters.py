"""`gatekey clusters`: the Camunda installations behind the gateway."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekey.cli.opening import ACTOR, Refusal, data_options, find_cluster, opened
from gatekey.cli.output import print_details, print_json, print_table
from gatekey.cli.upstream_tls import changed_tls, checked, upstream_tls_options

if TYPE_CHECKING:
    from gatekey.server.clusters.model import Cluster
    from gatekey.server.run.installation import Installation


@click.group()
def clusters() -> None:
    """Create, change, list and show clusters."""


@clusters.command("create")
@click.argument("name")
@click.option("--region", default="local", show_default=True, help="One label of a host name, such as bru-2.")
@click.option("--grpc", default="localhost:26500", show_default=True, help="Zeebe gRPC address: host:port.")
@click.option("--rest", default="http://localhost:8080", show_default=True, help="Zeebe REST URL.")
@click.option("--operate", help="Operate URL, up to Camunda 8.7; from 8.8 on Zeebe's REST URL serves it.")
@click.option("--tasklist", help="Tasklist URL, up to Camunda 8.7; from 8.8 on Zeebe's REST URL serves it.")
@click.option("--optimize", help="Optimize URL.")
@upstream_tls_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def create(  # noqa: PLR0913, PLR0917 - one parameter an option
    config: Path | None,
    data: Path | None,
    name: str,
    region: str,
    grpc: str,
    rest: str,
    operate: str | None,
    tasklist: str | None,
    optimize: str | None,
    *,
    as_json: bool,
    **tls: str | None,
) -> None:
    """Create the cluster NAME; a running gateway takes calls for it at once."""
    with opened(config, data) as installation:
        from gatekey.server.clusters.model import ApiUpstreams, Refused, UpstreamTls

        apis = ApiUpstreams(operate, tasklist, optimize)
        how = checked(changed_tls(UpstreamTls(), tls))
        outcome = installation.clusters.create(name, region, grpc, rest, by=ACTOR, apis=apis, tls=how)
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
        _print_cluster(installation, outcome, as_json=as_json)


@clusters.command("update")
@click.argument("cluster")
@click.option("--grpc", help="Zeebe gRPC address: host:port, or grpcs://host:port for TLS.")
@click.option("--rest", help="Zeebe REST URL.")
@click.option("--operate", help="Operate URL; empty: Zeebe's REST URL serves it.")
@click.option("--tasklist", help="Tasklist URL; empty: Zeebe's REST URL serves it.")
@click.option("--optimize", help="Optimize URL; empty: Zeebe's REST URL serves it.")
@upstream_tls_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def update_(  # noqa: PLR0913, PLR0917 - one parameter an option
    config: Path | None,
    data: Path | None,
    cluster: str,
    grpc: str | None,
    rest: str | None,
    operate: str | None,
    tasklist: str | None,
    optimize: str | None,
    *,
    as_json: bool,
    **tls: str | None,
) -> None:
    """Change where CLUSTER (name or id) is and how its upstreams prove themselves; what is not named stays."""
    with opened(config, data) as installation:
        from gatekey.server.clusters.model import Refused

        known = find_cluster(installation, cluster)
        given = {"operate": operate, "tasklist": tasklist, "optimize": optimize}
        apis = replace(known.apis, **{name: url or None for name, url in given.items() if url is not None})
        changed = replace(
            known,
            grpc_upstream=grpc or known.grpc_upstream,
            rest_upstream=rest or known.rest_upstream,
            apis=apis,
            tls=checked(changed_tls(known.tls, tls)),
        )
        outcome = installation.clusters.update(changed, by=ACTOR)
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
        _print_cluster(installation, outcome, as_json=as_json)


@clusters.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def list_(config: Path | None, data: Path | None, *, as_json: bool) -> None:
    """List all clusters."""
    with opened(config, data) as installation:
        found = installation.clusters.all()
        if as_json:
            print_json([_as_json(installation, cluster) for cluster in found])
            return
        rows = [(c.name, c.cluster_id, c.region, c.grpc_upstream, c.rest_upstream) for c in found]
    print_table(("NAME", "CLUSTER ID", "REGION", "ZEEBE gRPC", "ZEEBE REST"), rows)


@clusters.command("show")
@click.argument("cluster")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def show(config: Path | None, data: Path | None, cluster: str, *, as_json: bool) -> None:
    """Show CLUSTER (name or id) with every address a client needs."""
    with opened(config, data) as installation:
        _print_cluster(installation, find_cluster(installation, cluster), as_json=as_json)


def _print_cluster(installation: "Installation", cluster: "Cluster", *, as_json: bool) -> None:
    values = _as_json(installation, cluster)
    if as_json:
        print_json(values)
        return
    labels = {
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
    print_details([(label, _text(values[name])) for name, label in labels.items() if values[name] is not None])


def _text(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _as_json(installation: "Installation", cluster: "Cluster") -> dict[str, object]:
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
