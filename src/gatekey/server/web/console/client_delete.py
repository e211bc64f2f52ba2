"""
Delete an API client, after being asked once more.
"""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.web.console.entrance.finding import find_client
from gatekey.server.web.console.entrance.pages import go_to, page, refuse
from gatekey.server.web.console.entrance.refusals import NO_CLIENT, Refusal
from gatekey.server.web.console.entrance.visit import Visit


async def confirm_deletion(visit: Visit) -> Response:
    """
    Say what deleting means and ask for it.
    """
    found = await find_client(visit)
    if isinstance(found, Refusal):
        return refuse(visit, found)
    return page(visit, "client_delete.html", cluster=found.cluster, client=found.listed.client)


async def delete_client(visit: Visit) -> Response:
    """
    Delete the client: from the answer on it gets no token.
    """
    found = await find_client(visit)
    if isinstance(found, Refusal):
        return refuse(visit, found)
    client = found.listed.client
    if not await run_in_threadpool(visit.desk.clients.delete, client.client_id, by=visit.member.email):
        return refuse(visit, NO_CLIENT)
    return go_to(f"/clusters/{client.cluster_id}/api?deleted")
