"""Sign in by a one-time link."""

from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.accounts.model import SESSION_LIFETIME
from gatekey.server.console.base.context import AnonymousContext
from gatekey.server.console.base.pages import go_to, page, refuse
from gatekey.server.console.base.refusals import LINK_SPENT
from gatekey.server.console.base.returning import take_page


async def ask_for_link(_context: AnonymousContext) -> Response:
    """Tell somebody without a session where a link comes from."""
    return page(None, "sign_in_needed.html")


async def offer_sign_in(context: AnonymousContext) -> Response:
    """Show the button that spends the link; looking at the page spends nothing, as link previews do look."""
    hours = SESSION_LIFETIME // timedelta(hours=1)
    return page(None, "sign_in.html", key=context.request.path_params["key"], hours=hours)


async def sign_in(context: AnonymousContext) -> Response:
    """Trade the link for a session, which replaces the one that this browser may already have."""
    services, earlier = context.services, context.request.cookies.get(context.services.cookie)
    signed_in = await run_in_threadpool(services.sign_in.redeem, context.request.path_params["key"])
    if signed_in is None:
        return refuse(None, LINK_SPENT)
    if earlier:
        await run_in_threadpool(services.sign_in.sign_out, earlier)
    response = go_to("/clusters")
    response.headers["location"] = take_page(response, services, context.request)
    # Lax, not Strict: who follows a link to the console from a chat or ticket is signed in there; forms carry a token.
    response.set_cookie(
        services.cookie,
        signed_in.key,
        expires=signed_in.ends,
        secure=services.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return response
