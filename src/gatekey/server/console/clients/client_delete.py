"""Delete an API client, after being asked once more."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.console.base.context import MemberRequest
from gatekey.server.console.base.lookup import find_client
from gatekey.server.console.base.pages import go_to, page, refuse
from gatekey.server.console.base.refusals import NO_CLIENT, Refusal


async def confirm_deletion(visit: MemberRequest) -> Response:
    """Say what deleting means and ask for it."""
    found = await find_client(visit)
    if isinstance(found, Refusal):
        return refuse(visit, found)
    return page(visit, "client_delete.html", cluster=found.cluster, client=found.listed.client)


async def delete_client(visit: MemberRequest) -> Response:
    """Delete the client: from the answer on it gets no token."""
    found = await find_client(visit)
    if isinstance(found, Refusal):
        return refuse(visit, found)
    client = found.listed.client
    if not await run_in_threadpool(visit.services.clients.delete, client.client_id, by=visit.member.email):
        return refuse(visit, NO_CLIENT)
    return go_to(f"/clusters/{client.cluster_id}/api?deleted")
