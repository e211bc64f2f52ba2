"""View an API client: everything about it but the secret."""

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.clusters.addresses import addresses_of
from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.lookup import find_client
from gatekey.server.console.base.pages import page, refuse
from gatekey.server.console.base.refusals import Refusal
from gatekey.server.console.clusters.connection import connection
from gatekey.server.console.limits.plot import plot


async def show_client(context: MemberContext) -> Response:
    """
    Show a client's secrets, from where it asked and how to connect; `?ended`
    and `?changed` add what was just done.
    """
    found = await find_client(context)
    if isinstance(found, Refusal):
        return refuse(context, found)
    client = found.listed.client
    listed = await run_in_threadpool(context.services.secrets.of_client, client.client_id)
    now = context.services.secrets.now()
    live = frozenset(each.secret.secret_id for each in listed if each.secret.lives(now))
    explained = await run_in_threadpool(context.services.explanations.client, client.client_id)
    groups = connection(addresses_of(found.cluster, context.services.site), client.scopes)
    return page(
        context,
        "client_show.html",
        cluster=found.cluster,
        client=client,
        secret_presented=found.listed.secret_presented,
        secrets=listed,
        live=live,
        ended="ended" in context.request.query_params,
        changed="changed" in context.request.query_params,
        groups=groups,
        explained=explained,
        plot=plot(explained.points, explained.span),
    )
