"""
View an API client: everything about it but the secret.
"""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.clusters.addresses import addresses_of
from gatekey.server.web.console.connection import connection
from gatekey.server.web.console.entrance.finding import find_client
from gatekey.server.web.console.entrance.pages import page, refuse
from gatekey.server.web.console.entrance.refusals import Refusal
from gatekey.server.web.console.entrance.visit import Visit
from gatekey.server.web.console.plot import plot


async def show_client(visit: Visit) -> Response:
    """
    Show a client's secrets, from where it asked and how to connect; `?ended` and `?changed` add what was just done.
    """
    found = await find_client(visit)
    if isinstance(found, Refusal):
        return refuse(visit, found)
    client = found.listed.client
    listed = await run_in_threadpool(visit.desk.secrets.of_client, client.client_id)
    now = visit.desk.secrets.now()
    live = frozenset(each.secret.secret_id for each in listed if each.secret.lives(now))
    explained = await run_in_threadpool(visit.desk.explanations.client, client.client_id)
    groups = connection(addresses_of(found.cluster, visit.desk.site), client.scopes)
    return page(
        visit,
        "client_show.html",
        cluster=found.cluster,
        client=client,
        secret_presented=found.listed.secret_presented,
        secrets=listed,
        live=live,
        ended="ended" in visit.request.query_params,
        changed="changed" in visit.request.query_params,
        groups=groups,
        explained=explained,
        plot=plot(explained.points, explained.span),
    )
