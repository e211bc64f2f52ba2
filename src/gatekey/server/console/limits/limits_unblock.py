"""Lift an address's block, after being asked once more."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberRequest
from gatekey.server.console.base.pages import go_to, page, refuse
from gatekey.server.console.base.refusals import NO_ADDRESS
from gatekey.server.limits.administration import NOTE_LIMIT
from gatekey.server.limits.orders import Refused

UNPROCESSABLE = 422


async def confirm_unblocking(visit: MemberRequest) -> Response:
    """Say what unblocking means and ask for it, and why."""
    address = visit.services.limits.key_of(visit.request.path_params["address"])
    if address is None:
        return refuse(visit, NO_ADDRESS)
    return page(visit, "limits_unblock.html", address=address, reason="", limit=NOTE_LIMIT, refused=None)


async def unblock_address(visit: MemberRequest) -> Response:
    """Unblock the address: within a second or two it may ask again."""
    address = visit.services.limits.key_of(visit.request.path_params["address"])
    if address is None:
        return refuse(visit, NO_ADDRESS)
    reason = visit.form.text("reason").strip()
    outcome = await run_in_threadpool(visit.services.limits.unblock, address, reason=reason, by=visit.member.email)
    if isinstance(outcome, Refused):
        facts = {"address": address, "reason": reason, "limit": NOTE_LIMIT, "refused": outcome}
        return page(visit, "limits_unblock.html", status=UNPROCESSABLE, **facts)
    return go_to(f"/limits/{outcome}?unblocked")
