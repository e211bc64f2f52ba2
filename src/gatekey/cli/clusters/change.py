"""`gatekey clusters create` and `update`."""

from dataclasses import replace
from typing import Unpack

import click

from gatekey.cli.clusters.show import LABELS, print_clusters
from gatekey.cli.clusters.upstream_tls import TlsOptions, changed_tls, checked, upstream_tls_options
from gatekey.cli.groups import Command
from gatekey.cli.naming import cluster_argument
from gatekey.cli.opening import ACTOR, Invocation, Refusal, administers, find_cluster


class UpstreamOptions(TlsOptions):
    """What the options say of upstreams; None where nothing was said."""

    grpc: str | None
    rest: str | None
    operate: str | None
    tasklist: str | None
    optimize: str | None


class NewClusterOptions(UpstreamOptions):
    """What the options of `create` say."""

    region: str


@click.command(
    cls=Command,
    examples=(
        "gatekey clusters create staging --grpc zeebe:26500 --rest http://zeebe:8080",
        "gatekey clusters create production --grpc grpcs://zeebe.example.org:443 --rest https://zeebe.example.org",
    ),
)
@click.argument("name")
@click.option("--region", default="local", show_default=True, help="One label of a host name, such as bru-2.")
@click.option(
    "--grpc", default="localhost:26500", show_default=True,
    help="gRPC upstream, where Zeebe is: host:port, or grpcs://host:port for TLS.",
)  # fmt: skip
@click.option("--rest", default="http://localhost:8080", show_default=True, help="REST upstream: Zeebe's REST URL.")
@click.option("--operate", help="Operate upstream (URL), up to Camunda 8.7; from 8.8 on the REST upstream serves it.")
@click.option("--tasklist", help="Tasklist upstream (URL), up to Camunda 8.7; from 8.8 on the REST upstream serves it.")
@click.option("--optimize", help="Optimize upstream (URL).")
@upstream_tls_options
@administers(*LABELS)
def create(at: Invocation, name: str, **asked: Unpack[NewClusterOptions]) -> None:
    """Create the cluster NAME; a running gateway takes calls for it at once."""
    with at.opened() as installation:
        from gatekey.server.clusters.model import ApiUpstreams, Refused, UpstreamTls

        outcome = installation.clusters.create(
            name,
            asked["region"],
            asked["grpc"] or "",
            asked["rest"] or "",
            by=ACTOR,
            apis=ApiUpstreams(asked["operate"], asked["tasklist"], asked["optimize"]),
            tls=checked(changed_tls(UpstreamTls(), asked)),
        )
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
        print_clusters(at, installation, [outcome])


@click.command(cls=Command, examples=("gatekey clusters update local --grpc zeebe:26500 --rest http://zeebe:8080",))
@cluster_argument()
@click.option("--grpc", help="gRPC upstream, where Zeebe is: host:port, or grpcs://host:port for TLS.")
@click.option("--rest", help="REST upstream: Zeebe's REST URL.")
@click.option("--operate", help="Operate upstream (URL); empty: the REST upstream serves it.")
@click.option("--tasklist", help="Tasklist upstream (URL); empty: the REST upstream serves it.")
@click.option("--optimize", help="Optimize upstream (URL); empty: the REST upstream serves it.")
@upstream_tls_options
@administers(*LABELS)
def update(at: Invocation, cluster: str, **asked: Unpack[UpstreamOptions]) -> None:
    """Change where CLUSTER (name or id) is and how its upstreams prove themselves; what is not named stays."""
    with at.opened() as installation:
        from gatekey.server.clusters.model import Refused

        known = find_cluster(installation, cluster)
        given = {name: asked[name] for name in ("operate", "tasklist", "optimize")}
        changed = replace(
            known,
            grpc_upstream=asked["grpc"] or known.grpc_upstream,
            rest_upstream=asked["rest"] or known.rest_upstream,
            apis=replace(known.apis, **{name: url or None for name, url in given.items() if url is not None}),
            tls=checked(changed_tls(known.tls, asked)),
        )
        outcome = installation.clusters.update(changed, by=ACTOR)
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
        print_clusters(at, installation, [outcome])
