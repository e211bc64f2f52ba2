"""Delete an API client, after being asked once more."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.lookup import find_client
from gatekey.server.console.base.pages import go_to, page, refuse
from gatekey.server.console.base.refusals import NO_CLIENT, Refusal


async def confirm_deletion(context: MemberContext) -> Response:
    """Say what deleting means and ask for it."""
    found = await find_client(context)
    if isinstance(found, Refusal):
        return refuse(context, found)
    return page(context, "client_delete.html", cluster=found.cluster, client=found.listed.client)


async def delete_client(context: MemberContext) -> Response:
    """Delete the client: from the answer on it gets no token."""
    found = await find_client(context)
    if isinstance(found, Refusal):
        return refuse(context, found)
    client = found.listed.client
    if not await run_in_threadpool(context.services.clients.delete, client.client_id, by=context.member.email):
        return refuse(context, NO_CLIENT)
    return go_to(f"/clusters/{client.cluster_id}/api?deleted")
