"""See which addresses ask for tokens, and which of them are limited."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.pages import page
from gatekey.server.console.limits.limits_period import period_of
from gatekey.server.console.limits.plot import plot
from gatekey.server.traffic.explaining import State


async def list_limits(context: MemberContext) -> Response:
    """Show all addresses of the last hour or day, the blocked first, and requests over time."""
    period = period_of(context)
    overview = await run_in_threadpool(context.services.explanations.overview, period.minutes)
    return page(
        context,
        "limits_list.html",
        period=period,
        overview=overview,
        blocked=sum(line.state is State.BLOCKED for line in overview.lines),
        plot=plot(overview.points, overview.span),
    )
