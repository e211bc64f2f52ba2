"""Create an API client and see its secret, this once."""

from functools import partial
from typing import assert_never

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.oauth.vocabulary import Scope
from gatekey.server.clients.administration import NewClient
from gatekey.server.clients.model import Client, Created, Refused
from gatekey.server.clusters.model import Cluster
from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.lookup import find_cluster
from gatekey.server.console.base.pages import page, refuse
from gatekey.server.console.base.refusals import Refusal
from gatekey.server.console.clients.credentials_page import NewSecret, show_credentials
from gatekey.server.console.clients.scopes import OPENS

UNPROCESSABLE = 422
CONFLICT = 409


async def offer_form(context: MemberContext) -> Response:
    """Show the form: a name and scopes; Zeebe is what nearly every client needs."""
    cluster = await find_cluster(context)
    if isinstance(cluster, Refusal):
        return refuse(context, cluster)
    return _form_page(context, cluster, name="", chosen=(Scope.ZEEBE,))


async def create_client(context: MemberContext) -> Response:
    """Create the client and show its credentials, or the form again with what is wrong."""
    cluster = await find_cluster(context)
    if isinstance(cluster, Refusal):
        return refuse(context, cluster)
    name, scopes = context.form.text("name").strip(), context.form.all("scope")
    new = NewClient(name, scopes, cluster.cluster_id, cluster.organisation_id, by=context.member.email)
    outcome = await run_in_threadpool(context.services.clients.create, new)
    match outcome:
        case Created():
            return _credentials_page(context, cluster, outcome)
        case Refused():
            return await _explain(context, cluster, new, outcome)
        case _ as never:
            assert_never(never)


def _credentials_page(context: MemberContext, cluster: Cluster, created: Created) -> Response:
    note = partial(context.services.clients.mark_presented, created)
    new = NewSecret(created.secret, note, back=f"/clusters/{cluster.cluster_id}/api")
    return show_credentials(context, cluster, created.client, new)


async def _explain(context: MemberContext, cluster: Cluster, new: NewClient, refused: Refused) -> Response:
    named = await run_in_threadpool(context.services.clients.called, new.name)
    taken = next((each.client for each in named if each.client.cluster_id == cluster.cluster_id), None)
    return _form_page(context, cluster, name=new.name, chosen=new.scopes, refused=refused, taken=taken)


def _form_page(  # noqa: PLR0913 - each is one thing that the form shows
    context: MemberContext,
    cluster: Cluster,
    *,
    name: str,
    chosen: tuple[str, ...],
    refused: Refused | None = None,
    taken: Client | None = None,
) -> Response:
    return page(
        context,
        "client_create.html",
        status=200 if refused is None else CONFLICT if taken else UNPROCESSABLE,
        cluster=cluster,
        opens=OPENS,
        name=name,
        chosen=chosen,
        refused=refused,
        taken=taken,
        name_is_wrong=refused is not None and refused.field == "name",
        scopes_are_wrong=refused is not None and (refused.field == "scopes" or not chosen),
    )
