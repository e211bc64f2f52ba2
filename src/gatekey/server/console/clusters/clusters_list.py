"""See the organisation's clusters."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberRequest
from gatekey.server.console.base.pages import page


async def list_clusters(visit: MemberRequest) -> Response:
    """Show every cluster, oldest first."""
    organisation = await run_in_threadpool(visit.services.clusters.organisation)
    clusters = await run_in_threadpool(visit.services.clusters.all)
    return page(visit, "clusters_list.html", organisation=organisation, clusters=clusters)
