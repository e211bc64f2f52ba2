"""See a cluster's API clients."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.clients.model import ClientQuery
from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.lookup import find_cluster
from gatekey.server.console.base.pages import page, refuse
from gatekey.server.console.base.refusals import Refusal

PAGE = 50
"""Clients; three screens, and a hundredth of a second."""


async def list_clients(context: MemberContext) -> Response:
    """
    Show a page of a cluster's clients, oldest first, and `?find` among their names; `?after` is the last client id of
    the page before. `?deleted` adds that one was just deleted.
    """
    cluster = await find_cluster(context)
    if isinstance(cluster, Refusal):
        return refuse(context, cluster)
    asked = context.request.query_params
    text, after = asked.get("find", "").strip(), asked.get("after") or None
    query = ClientQuery(cluster.cluster_id, text, after, limit=PAGE + 1)  # one more tells whether there is a next page
    found = await run_in_threadpool(context.services.clients.page, query)
    count = await run_in_threadpool(context.services.clients.count, cluster.cluster_id, text)
    return page(
        context,
        "clients_list.html",
        cluster=cluster,
        listed=found[:PAGE],
        count=count,
        text=text,
        after=after,
        more=len(found) > PAGE,
        searchable=bool(text) or count > PAGE,
        deleted="deleted" in asked,
    )
