"""
Where a person wanted to go when there was no session, and what they had typed.

Both survive the end of a session: a page is remembered in a cookie until somebody signs in, a form comes back on a page
that sends it again.
"""

import re
from typing import Final
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from gatekey.server.console.base.context import ConsoleServices

PATH: Final = re.compile(r"/(?![/\\])[\x21-\x7e]{0,500}")
"""A path of this host and nothing else: browsers take `//host` and `/\\host` for other hosts (WHATWG URL)."""

SECONDS: Final = 3600
"""As long as a sign-in link works: who has not used one by then starts afresh."""


def remember_page(response: Response, services: ConsoleServices, request: Request) -> None:
    """Have the browser remember the page that it asked for."""
    query = request.url.query
    path = request.url.path + (f"?{query}" if query else "")
    if path != "/clusters" and PATH.fullmatch(path):
        response.set_cookie(
            _name(services),
            quote(path, safe=""),
            max_age=SECONDS,
            secure=services.secure_cookies,
            httponly=True,
            samesite="lax",
        )


def take_page(response: Response, services: ConsoleServices, request: Request) -> str:
    """Return the page that was asked for before the sign-in, else the first page; the browser forgets it."""
    kept = request.cookies.get(_name(services))
    if kept is None:
        return "/clusters"
    response.delete_cookie(_name(services), secure=services.secure_cookies, httponly=True, samesite="lax")
    path = unquote(kept)
    return path if PATH.fullmatch(path) else "/clusters"


def _name(services: ConsoleServices) -> str:
    return f"{services.cookie}-page"
