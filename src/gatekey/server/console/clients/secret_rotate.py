"""Rotate the secret of an API client: see a new one, this once, and say when the older ones end."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, assert_never

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gatekey.server.clients.model import Refused, Rotated
from gatekey.server.clients.secret_administration import OVERLAP
from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.lookup import Found, find_client
from gatekey.server.console.base.pages import page, refuse
from gatekey.server.console.base.refusals import MALFORMED, Refusal
from gatekey.server.console.clients.credentials_page import NewSecret, show_credentials

UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Choice:
    """When older secrets end, as a person chooses it."""

    overlap: timedelta
    title: str
    means: str


CHOICES: Final = {
    "week": Choice(OVERLAP, "In 7 days", "Programs can take the new secret one after the other"),
    "day": Choice(timedelta(hours=24), "In 24 hours", "For programs that you restart today"),
    "now": Choice(
        timedelta(0),
        "Now",
        "A secret leaked: an older one gets no token, and the tokens it got are revoked",
    ),
}
"""By what the form sends; the first is the default."""


async def offer_rotation(context: MemberContext) -> Response:
    """Show the form: a label for the new secret, and when the older ones end."""
    found = await find_client(context)
    if isinstance(found, Refusal):
        return refuse(context, found)
    return _form_page(context, found, label="", chosen=next(iter(CHOICES)))


async def rotate_secret(context: MemberContext) -> Response:
    """Rotate and show the credentials, or the form again with what is wrong."""
    found = await find_client(context)
    if isinstance(found, Refusal):
        return refuse(context, found)
    label, chosen = context.form.text("label").strip(), context.form.text("end")
    if chosen not in CHOICES:
        return refuse(context, MALFORMED)
    client, secrets = found.listed.client, context.services.secrets
    outcome = await run_in_threadpool(
        secrets.rotate, client.client_id, overlap=CHOICES[chosen].overlap, label=label, by=context.member.email
    )
    match outcome:
        case Rotated():
            back = f"/clusters/{client.cluster_id}/api/{client.client_id}"
            new = NewSecret(outcome.secret, partial(secrets.mark_presented, outcome), back, outcome.others_end)
            return show_credentials(context, found.cluster, client, new)
        case Refused():
            return _form_page(context, found, label=label, chosen=chosen, refused=outcome)
        case _ as never:
            assert_never(never)


def _form_page(
    context: MemberContext, found: Found, *, label: str, chosen: str, refused: Refused | None = None
) -> Response:
    return page(
        context,
        "secret_rotate.html",
        status=200 if refused is None else UNPROCESSABLE,
        cluster=found.cluster,
        client=found.listed.client,
        choices=CHOICES,
        label=label,
        chosen=chosen,
        refused=refused,
    )
