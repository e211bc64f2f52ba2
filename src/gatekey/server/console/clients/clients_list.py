"""See a cluster's API clients."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberRequest
from gatekey.server.console.base.lookup import find_cluster
from gatekey.server.console.base.pages import page, refuse
from gatekey.server.console.base.refusals import Refusal


async def list_clients(visit: MemberRequest) -> Response:
    """Show the clients of a cluster, oldest first; `?deleted` adds that one was just deleted."""
    cluster = await find_cluster(visit)
    if isinstance(cluster, Refusal):
        return refuse(visit, cluster)
    listed = await run_in_threadpool(visit.services.clients.of_cluster, cluster.cluster_id)
    deleted = "deleted" in visit.request.query_params
    return page(visit, "clients_list.html", cluster=cluster, listed=listed, deleted=deleted)
