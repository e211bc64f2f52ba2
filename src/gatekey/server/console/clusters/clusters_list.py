"""See the organisation's clusters."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.pages import page

MOST_ASKED = 20
"""Clusters whose upstreams are tried for one page; each has a page of its own that tries them, too."""


async def list_clusters(context: MemberContext) -> Response:
    """Show every cluster, oldest first."""
    organisation = await run_in_threadpool(context.services.sign_in.organisation_of, context.member)
    clusters = await run_in_threadpool(context.services.clusters.all)
    silent = await run_in_threadpool(context.services.silent_upstreams, clusters[:MOST_ASKED])
    return page(context, "clusters_list.html", organisation=organisation, clusters=clusters, silent=silent)
