"""End one secret of an API client, after being asked once more."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.clients.model import ListedSecret
from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.lookup import Found, find_client
from gatekey.server.console.base.pages import go_to, page, refuse
from gatekey.server.console.base.refusals import NO_SECRET, Refusal

CONFLICT = 409


async def confirm_end(context: MemberContext) -> Response:
    """Say what ending the secret means and ask for it."""
    found = await find_client(context)
    if isinstance(found, Refusal):
        return refuse(context, found)
    listed = await _find_secret(context, found)
    if isinstance(listed, Refusal):
        return refuse(context, listed)
    return page(context, "secret_end.html", cluster=found.cluster, client=found.listed.client, listed=listed)


async def end_secret(context: MemberContext) -> Response:
    """End the secret: from the answer on it gets no token."""
    found = await find_client(context)
    if isinstance(found, Refusal):
        return refuse(context, found)
    client, secret_id = found.listed.client, context.request.path_params["secret_id"]
    refused = await run_in_threadpool(
        context.services.secrets.end, client.client_id, secret_id, by=context.member.email
    )
    if refused is not None:
        return refuse(context, Refusal(CONFLICT, "The secret was not ended", refused.public, refused.reason))
    return go_to(f"/clusters/{client.cluster_id}/api/{client.client_id}?ended")


async def _find_secret(context: MemberContext, found: Found) -> ListedSecret | Refusal:
    listed = await run_in_threadpool(context.services.secrets.of_client, found.listed.client.client_id)
    now = context.services.secrets.now()
    wanted = context.request.path_params["secret_id"]
    return next((each for each in listed if each.secret.secret_id == wanted and each.secret.lives(now)), NO_SECRET)
