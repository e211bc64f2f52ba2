"""
View an API client: everything about it but the secret.
"""

from starlette.responses import Response

from gatekey.server.clusters.addresses import addresses_of
from gatekey.server.web.console.connection import connection
from gatekey.server.web.console.entrance.finding import find_client
from gatekey.server.web.console.entrance.pages import page, refuse
from gatekey.server.web.console.entrance.refusals import Refusal
from gatekey.server.web.console.entrance.visit import Visit


async def show_client(visit: Visit) -> Response:
    """
    Show a client's connection information.
    """
    found = await find_client(visit)
    if isinstance(found, Refusal):
        return refuse(visit, found)
    client = found.listed.client
    groups = connection(addresses_of(found.cluster, visit.desk.site), client.scopes)
    return page(
        visit,
        "client_show.html",
        cluster=found.cluster,
        client=client,
        secret_presented=found.listed.secret_presented,
        groups=groups,
    )
