"""See which addresses ask for tokens, and which of them are limited."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberRequest
from gatekey.server.console.base.pages import page
from gatekey.server.console.limits.limits_period import period_of
from gatekey.server.console.limits.plot import plot
from gatekey.server.traffic.explaining import State


async def list_limits(visit: MemberRequest) -> Response:
    """Show all addresses of the last hour or day, the blocked first, and requests over time."""
    period = period_of(visit)
    overview = await run_in_threadpool(visit.services.explanations.overview, period.minutes)
    return page(
        visit,
        "limits_list.html",
        period=period,
        overview=overview,
        blocked=sum(line.state is State.BLOCKED for line in overview.lines),
        plot=plot(overview.points, overview.span),
    )
