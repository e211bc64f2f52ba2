"""See the organisation's clusters."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.pages import page


async def list_clusters(context: MemberContext) -> Response:
    """Show every cluster, oldest first."""
    organisation = await run_in_threadpool(context.services.clusters.organisation)
    clusters = await run_in_threadpool(context.services.clusters.all)
    return page(context, "clusters_list.html", organisation=organisation, clusters=clusters)
