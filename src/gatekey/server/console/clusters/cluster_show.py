"""Look at one cluster and its client configuration."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.oauth.vocabulary import Scope
from gatekey.server.clusters.addresses import addresses_of
from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.lookup import find_cluster
from gatekey.server.console.base.pages import page, refuse
from gatekey.server.console.base.refusals import Refusal
from gatekey.server.console.clusters.connection import connection


async def show_cluster(context: MemberContext) -> Response:
    """Show a cluster; at the bottom every address, the authentication URL and the audiences."""
    cluster = await find_cluster(context)
    if isinstance(cluster, Refusal):
        return refuse(context, cluster)
    client_count = await run_in_threadpool(context.services.clients.count, cluster.cluster_id)
    silent = await run_in_threadpool(context.services.silent_upstreams, [cluster])
    groups = connection(addresses_of(cluster, context.services.site), frozenset(Scope))
    return page(
        context,
        "cluster_show.html",
        cluster=cluster,
        client_count=client_count,
        groups=groups,
        silent=silent[cluster.cluster_id],
        is_demo=context.services.is_demo(cluster),
    )
