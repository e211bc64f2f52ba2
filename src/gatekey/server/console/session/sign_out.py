"""Sign out: the session ends on the server, not only in the browser."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberRequest
from gatekey.server.console.base.pages import go_to


async def sign_out(visit: MemberRequest) -> Response:
    """End the session."""
    await run_in_threadpool(visit.services.sign_in.sign_out, visit.session.reveal())
    response = go_to("/sign-in")
    response.delete_cookie(visit.services.cookie, secure=visit.services.secure_cookies, httponly=True, samesite="lax")
    return response
