"""Lift an address's block, after being asked once more."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.pages import go_to, page, refuse
from gatekey.server.console.base.refusals import NO_ADDRESS
from gatekey.server.limits.administration import NOTE_LIMIT
from gatekey.server.limits.orders import Refused

UNPROCESSABLE = 422


async def confirm_unblocking(context: MemberContext) -> Response:
    """Say what unblocking means and ask for it, and why."""
    address = context.services.limits.key_of(context.request.path_params["address"])
    if address is None:
        return refuse(context, NO_ADDRESS)
    return page(context, "limits_unblock.html", address=address, reason="", limit=NOTE_LIMIT, refused=None)


async def unblock_address(context: MemberContext) -> Response:
    """Unblock the address: within a second or two it may ask again."""
    address = context.services.limits.key_of(context.request.path_params["address"])
    if address is None:
        return refuse(context, NO_ADDRESS)
    reason = context.form.text("reason").strip()
    outcome = await run_in_threadpool(context.services.limits.unblock, address, reason=reason, by=context.member.email)
    if isinstance(outcome, Refused):
        facts = {"address": address, "reason": reason, "limit": NOTE_LIMIT, "refused": outcome}
        return page(context, "limits_unblock.html", status=UNPROCESSABLE, **facts)
    return go_to(f"/limits/{outcome}?unblocked")
