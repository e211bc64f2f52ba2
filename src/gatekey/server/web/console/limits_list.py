"""
See which addresses ask for tokens, and which of them are limited.
"""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.auditing.explaining import State
from gatekey.server.web.console.entrance.pages import page
from gatekey.server.web.console.entrance.visit import Visit
from gatekey.server.web.console.limits_period import period_of
from gatekey.server.web.console.plot import plot


async def list_limits(visit: Visit) -> Response:
    """
    Show all addresses of the last hour or day, the blocked first, and requests over time.
    """
    period = period_of(visit)
    overview = await run_in_threadpool(visit.desk.explanations.overview, period.minutes)
    return page(
        visit,
        "limits_list.html",
        period=period,
        overview=overview,
        blocked=sum(line.state is State.BLOCKED for line in overview.lines),
        plot=plot(overview.points, overview.span),
    )
