"""Change which APIs a client's tokens open."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.clients.model import Refused
from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.lookup import Found, find_client
from gatekey.server.console.base.pages import go_to, page, refuse
from gatekey.server.console.base.refusals import NO_CLIENT, Refusal
from gatekey.server.console.clients.scopes import OPENS

UNPROCESSABLE = 422


async def offer_change(context: MemberContext) -> Response:
    """Show the client's scopes and say what losing one means."""
    found = await find_client(context)
    if isinstance(found, Refusal):
        return refuse(context, found)
    return _form_page(context, found, tuple(found.listed.client.scopes))


async def change_client(context: MemberContext) -> Response:
    """Change the scopes: from the answer on nobody gets a token for a lost one, and those there are open nothing."""
    found = await find_client(context)
    if isinstance(found, Refusal):
        return refuse(context, found)
    client, scopes = found.listed.client, context.form.all("scope")
    outcome = await run_in_threadpool(
        context.services.clients.change, client.client_id, scopes=scopes, by=context.member.email
    )
    if outcome is None:
        return refuse(context, NO_CLIENT)
    if isinstance(outcome, Refused):
        return _form_page(context, found, scopes, outcome)
    return go_to(f"/clusters/{client.cluster_id}/api/{client.client_id}?changed")


def _form_page(
    context: MemberContext, found: Found, chosen: tuple[str, ...], refused: Refused | None = None
) -> Response:
    return page(
        context,
        "client_change.html",
        status=200 if refused is None else UNPROCESSABLE,
        cluster=found.cluster,
        client=found.listed.client,
        opens=OPENS,
        chosen=chosen,
        refused=refused,
    )
