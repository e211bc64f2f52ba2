"""Read why a token request was refused with 429, and what to do; without signing in."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatekey.server.console.base.pages import page
from gatekey.server.limits.limits import Limits
from gatekey.server.limits.model import HELP_PATH


def help_route(limits: Limits) -> Route:
    """Return the page about the limit in force; it asks no database, as it is read when something is wrong."""

    async def explain(_request: Request) -> Response:
        return page(None, "help_rate_limit.html", mode=limits.mode, limit=limits.policy)

    return Route(HELP_PATH, explain, methods=["GET"])
