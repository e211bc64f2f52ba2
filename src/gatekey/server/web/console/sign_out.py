"""
Sign out: the session ends on the server, not only in the browser.
"""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.web.console.entrance.pages import go_to
from gatekey.server.web.console.entrance.visit import Visit


async def sign_out(visit: Visit) -> Response:
    """
    End the session.
    """
    await run_in_threadpool(visit.desk.sign_in.sign_out, visit.session.reveal())
    response = go_to("/sign-in")
    response.delete_cookie(visit.desk.cookie, secure=visit.desk.secure_cookies, httponly=True, samesite="lax")
    return response
