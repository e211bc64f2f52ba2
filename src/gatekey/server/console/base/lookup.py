"""Finds what a path names: a cluster, and a client of that cluster and of no other."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from gatekey.server.clients.model import ListedClient
from gatekey.server.clusters.model import Cluster
from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.refusals import NO_CLIENT, NO_CLUSTER, Refusal


@dataclass(frozen=True, slots=True)
class Found:
    """A client as lists show it, and its cluster."""

    cluster: Cluster
    listed: ListedClient


async def find_cluster(context: MemberContext) -> Cluster | Refusal:
    """Return the cluster that the path names by its id."""
    cluster_id = context.request.path_params["cluster_id"]
    cluster = await run_in_threadpool(context.services.clusters.find, cluster_id)
    # `find` also knows names; an address has the id only.
    return cluster if cluster and cluster.cluster_id == cluster_id else NO_CLUSTER


async def find_client(context: MemberContext) -> Found | Refusal:
    """Return the client that the path names, if it belongs to the cluster that the path names."""
    cluster = await find_cluster(context)
    if isinstance(cluster, Refusal):
        return cluster
    listed = await run_in_threadpool(context.services.clients.find, context.request.path_params["client_id"])
    return Found(cluster, listed) if listed and listed.client.cluster_id == cluster.cluster_id else NO_CLIENT
