"""
Look at one cluster and its client configuration.
"""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.clusters.addresses import addresses_of
from gatekey.server.web.console.connection import connection
from gatekey.server.web.console.entrance.finding import find_cluster
from gatekey.server.web.console.entrance.pages import page, refuse
from gatekey.server.web.console.entrance.refusals import Refusal
from gatekey.server.web.console.entrance.visit import Visit
from gatekey.wire.vocabulary import Scope


async def show_cluster(visit: Visit) -> Response:
    """
    Show a cluster; at the bottom every address, the authentication URL and the audiences.
    """
    cluster = await find_cluster(visit)
    if isinstance(cluster, Refusal):
        return refuse(visit, cluster)
    listed = await run_in_threadpool(visit.desk.clients.of_cluster, cluster.cluster_id)
    groups = connection(addresses_of(cluster, visit.desk.site), frozenset(Scope))
    return page(visit, "cluster_show.html", cluster=cluster, client_count=len(listed), groups=groups)
