"""
Lift an address's block, after being asked once more.
"""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.limiting.administration import NOTE_LIMIT
from gatekey.server.limiting.orders import Refused
from gatekey.server.web.console.entrance.pages import go_to, page, refuse
from gatekey.server.web.console.entrance.refusals import NO_ADDRESS
from gatekey.server.web.console.entrance.visit import Visit

UNPROCESSABLE = 422


async def confirm_unblocking(visit: Visit) -> Response:
    """
    Say what unblocking means and ask for it, and why.
    """
    address = visit.desk.limits.key_of(visit.request.path_params["address"])
    if address is None:
        return refuse(visit, NO_ADDRESS)
    return page(visit, "limits_unblock.html", address=address, reason="", limit=NOTE_LIMIT, refused=None)


async def unblock_address(visit: Visit) -> Response:
    """
    Unblock the address: within a second or two it may ask again.
    """
    address = visit.desk.limits.key_of(visit.request.path_params["address"])
    if address is None:
        return refuse(visit, NO_ADDRESS)
    reason = visit.form.text("reason").strip()
    outcome = await run_in_threadpool(visit.desk.limits.unblock, address, reason=reason, by=visit.member.email)
    if isinstance(outcome, Refused):
        facts = {"address": address, "reason": reason, "limit": NOTE_LIMIT, "refused": outcome}
        return page(visit, "limits_unblock.html", status=UNPROCESSABLE, **facts)
    return go_to(f"/limits/{outcome}?unblocked")
