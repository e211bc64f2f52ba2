"""
Read why a token request was refused with 429, and what to do; without signing in.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatekey.server.web.console.entrance.pages import page

HELP_PATH = "/help/rate-limit"
"""Every 429 links to it."""


@dataclass(frozen=True, slots=True)
class Help:
    """
    The limit in force: `rate` per second, times in seconds.
    """

    mode: str
    rate: float
    burst: int
    block_after: int
    block_window: float
    block_for: float


def help_route(limit: Help) -> Route:
    """
    Return the page about the limit; it asks no database, as it is read when something is wrong.
    """

    async def explain(_request: Request) -> Response:
        return page(None, "help_rate_limit.html", limit=limit)

    return Route(HELP_PATH, explain, methods=["GET"])
