"""Sign out: the session ends on the server, not only in the browser."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.pages import go_to


async def sign_out(context: MemberContext) -> Response:
    """End the session."""
    await run_in_threadpool(context.services.sign_in.sign_out, context.session.reveal())
    response = go_to("/sign-in")
    response.delete_cookie(
        context.services.cookie, secure=context.services.secure_cookies, httponly=True, samesite="lax"
    )
    return response
