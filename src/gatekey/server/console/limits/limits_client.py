"""See how a client asks that has no page of its own: one that was deleted, or that never was here."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.pages import go_to, page, refuse
from gatekey.server.console.base.refusals import NEVER_ASKED
from gatekey.server.console.limits.plot import plot
from gatekey.server.traffic.explanations import DAY
from gatekey.server.traffic.history import Standing


async def show_stranger(context: MemberContext) -> Response:
    """Explain a client by its id; a living one has its page, which explains it too."""
    client_id = context.request.path_params["client_id"]
    explained = await run_in_threadpool(context.services.explanations.client, client_id, DAY)
    client = explained.client
    if client is not None and explained.standing is Standing.KNOWN:
        return go_to(f"/clusters/{client.cluster_id}/api/{client.client_id}")
    if client is None and not explained.tally.requests:
        return refuse(context, NEVER_ASKED)
    return page(context, "limits_client.html", explained=explained, plot=plot(explained.points, explained.span))
