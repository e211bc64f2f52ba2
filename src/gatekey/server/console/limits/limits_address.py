"""See why one address is limited: who asked from there, what is wrong, when it was blocked."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.pages import page, refuse
from gatekey.server.console.base.refusals import NO_ADDRESS
from gatekey.server.console.limits.limits_period import period_of
from gatekey.server.console.limits.plot import plot


async def show_address(context: MemberContext) -> Response:
    """Explain an address; `?unblocked` adds that it was just unblocked."""
    address = context.services.limits.key_of(context.request.path_params["address"])
    if address is None:
        return refuse(context, NO_ADDRESS)
    period = period_of(context)
    explained = await run_in_threadpool(context.services.explanations.address, address, period.minutes)
    return page(
        context,
        "limits_address.html",
        period=period,
        explained=explained,
        plot=plot(explained.points, explained.span),
        unblocked="unblocked" in context.request.query_params,
    )
