"""See a cluster's API clients."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.lookup import find_cluster
from gatekey.server.console.base.pages import page, refuse
from gatekey.server.console.base.refusals import Refusal


async def list_clients(context: MemberContext) -> Response:
    """Show the clients of a cluster, oldest first; `?deleted` adds that one was just deleted."""
    cluster = await find_cluster(context)
    if isinstance(cluster, Refusal):
        return refuse(context, cluster)
    listed = await run_in_threadpool(context.services.clients.of_cluster, cluster.cluster_id)
    deleted = "deleted" in context.request.query_params
    return page(context, "clients_list.html", cluster=cluster, listed=listed, deleted=deleted)
