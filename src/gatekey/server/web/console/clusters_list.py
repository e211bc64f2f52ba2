"""
See the organisation's clusters.
"""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.web.console.entrance.pages import page
from gatekey.server.web.console.entrance.visit import Visit


async def list_clusters(visit: Visit) -> Response:
    """
    Show every cluster, oldest first.
    """
    organisation = await run_in_threadpool(visit.desk.clusters.organisation)
    clusters = await run_in_threadpool(visit.desk.clusters.all)
    return page(visit, "clusters_list.html", organisation=organisation, clusters=clusters)
