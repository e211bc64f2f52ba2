"""Look at one cluster and its client configuration."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.oauth.vocabulary import Scope
from gatekey.server.clusters.addresses import addresses_of
from gatekey.server.console.base.context import MemberRequest
from gatekey.server.console.base.lookup import find_cluster
from gatekey.server.console.base.pages import page, refuse
from gatekey.server.console.base.refusals import Refusal
from gatekey.server.console.clusters.connection import connection


async def show_cluster(visit: MemberRequest) -> Response:
    """Show a cluster; at the bottom every address, the authentication URL and the audiences."""
    cluster = await find_cluster(visit)
    if isinstance(cluster, Refusal):
        return refuse(visit, cluster)
    listed = await run_in_threadpool(visit.services.clients.of_cluster, cluster.cluster_id)
    groups = connection(addresses_of(cluster, visit.services.site), frozenset(Scope))
    return page(visit, "cluster_show.html", cluster=cluster, client_count=len(listed), groups=groups)
