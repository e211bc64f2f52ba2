"""The door of each room: who may enter, with which form, and what is said when the database does not answer."""

import logging
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from gatekey.errors import StorageUnavailable
from gatekey.http.csrf import is_own, same
from gatekey.oauth.secret_text import SecretText
from gatekey.server.console.base import forms
from gatekey.server.console.base.context import AnonymousRequest, ConsoleServices, MemberRequest
from gatekey.server.console.base.forms import Form
from gatekey.server.console.base.pages import go_to, refuse
from gatekey.server.console.base.refusals import FORGED, UNAVAILABLE, Refusal

Endpoint = Callable[[Request], Awaitable[Response]]

logger = logging.getLogger(__name__)


def for_members(services: ConsoleServices, action: Callable[[MemberRequest], Awaitable[Response]]) -> Endpoint:
    """Return the endpoint of a room for signed-in members; others are sent to sign in."""

    async def enter(request: Request) -> Response:
        session = request.cookies.get(services.cookie, "")
        member = await run_in_threadpool(services.sign_in.recognise, session) if session else None
        if member is None:
            return go_to("/sign-in")
        form = await _form(services, request)
        if isinstance(form, Refusal):
            return refuse(None, form)
        visit = MemberRequest(services, request, form, member, SecretText(session))
        if request.method == "POST" and not same(visit.csrf, form.text("csrf")):
            return refuse(visit, FORGED)
        return await action(visit)

    return _calm(enter)


def for_everybody(services: ConsoleServices, action: Callable[[AnonymousRequest], Awaitable[Response]]) -> Endpoint:
    """Return the endpoint of a room that needs no session."""

    async def enter(request: Request) -> Response:
        form = await _form(services, request)
        return (
            refuse(None, form) if isinstance(form, Refusal) else await action(AnonymousRequest(services, request, form))
        )

    return _calm(enter)


async def _form(services: ConsoleServices, request: Request) -> Form | Refusal:
    if request.method != "POST":
        return Form()
    headers = request.headers
    site, origin, host = headers.get("sec-fetch-site"), headers.get("origin"), headers.get("host")
    if not is_own(site, origin, host, services.site.public_url):
        return FORGED
    return await forms.read(request)


def _calm(enter: Endpoint) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            return await enter(request)
        except StorageUnavailable as fault:
            logger.warning("the console could not reach the storage: %s", fault)
            return refuse(None, UNAVAILABLE)

    return endpoint
