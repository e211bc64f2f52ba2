"""Who may see a page or send a form, and what is answered when the database is away or a path leads nowhere."""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from gatekey.errors import StorageUnavailable
from gatekey.http.csrf import is_own, same
from gatekey.http.problems import problem
from gatekey.oauth.secret_text import SecretText
from gatekey.server.console.base import forms
from gatekey.server.console.base.context import AnonymousContext, ConsoleServices, MemberContext
from gatekey.server.console.base.forms import Form
from gatekey.server.console.base.pages import go_to, page, refuse
from gatekey.server.console.base.refusals import FORGED, NO_PAGE, UNAVAILABLE, Refusal
from gatekey.server.console.base.returning import remember_page

Endpoint = Callable[[Request], Awaitable[Response]]

logger = logging.getLogger(__name__)


def for_members(services: ConsoleServices, action: Callable[[MemberContext], Awaitable[Response]]) -> Endpoint:
    """Return the endpoint of an action for signed-in members; others are sent to sign in."""

    async def enter(request: Request) -> Response:
        session = request.cookies.get(services.cookie, "")
        member = await run_in_threadpool(services.sign_in.recognise, session) if session else None
        if member is None and request.method != "POST":
            response = go_to("/sign-in")
            remember_page(response, services, request)
            return response
        form = await _form(services, request)
        if isinstance(form, Refusal):
            return refuse(None, form)
        if member is None:
            return _send_again(None, request, form)
        asked = MemberContext(services, request, form, member, SecretText(session))
        if request.method == "POST" and not same(asked.csrf, form.text("csrf")):
            return _send_again(asked, request, form)
        return await action(asked)

    return _calm(enter)


def for_everybody(services: ConsoleServices, action: Callable[[AnonymousContext], Awaitable[Response]]) -> Endpoint:
    """Return the endpoint of an action that needs no session."""

    async def enter(request: Request) -> Response:
        form = await _form(services, request)
        return (
            refuse(None, form) if isinstance(form, Refusal) else await action(AnonymousContext(services, request, form))
        )

    return _calm(enter)


def _send_again(asked: MemberContext | None, request: Request, form: Form) -> Response:
    """
    Give a form back whose session has ended: the browser says that one of our own pages sent it, and no other site can
    press the button of this one. A form that carries a secret is sealed to its session and not taken again.
    """
    fields = [(name, value) for name, value in form.fields if name != "csrf"]
    if asked is None and request.url.path == "/sign-out":
        return go_to("/sign-in")
    if not fields or any(name == "secret" for name, _ in fields):
        return refuse(asked, FORGED)
    return page(asked, "send_again.html", status=403, path=request.url.path, fields=fields)


async def _form(services: ConsoleServices, request: Request) -> Form | Refusal:
    if request.method != "POST":
        return Form()
    headers = request.headers
    site, origin, host = headers.get("sec-fetch-site"), headers.get("origin"), headers.get("host")
    if not is_own(site, origin, host, services.site.public_url):
        return FORGED
    return await forms.read(request)


async def show_missing(request: Request, _error: Exception) -> Response:
    """Answer for a path that leads nowhere: a page for people, problem details for programs."""
    path = request.url.path
    if path.startswith(("/clusters/", "/limits/")) and path.endswith("/") and request.method in {"GET", "HEAD"}:
        return go_to(quote(path.rstrip("/"), safe="/:"))
    if "text/html" in request.headers.get("accept", ""):
        return refuse(None, NO_PAGE)
    return problem(request, NO_PAGE.status, NO_PAGE.public)


def _calm(enter: Endpoint) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            return await enter(request)
        except StorageUnavailable as fault:
            logger.warning("the console could not reach the storage: %s", fault)
            return refuse(None, UNAVAILABLE)

    return endpoint
