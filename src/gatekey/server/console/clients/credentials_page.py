"""The page that shows a new secret, this once: after creating a client and after rotating its secret."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from gatekey.http.csrf import seal
from gatekey.oauth import credentials_file
from gatekey.oauth.credentials_file import FileFormat
from gatekey.oauth.secret_text import SecretText
from gatekey.server.clients.model import Client
from gatekey.server.clusters.addresses import addresses_of
from gatekey.server.clusters.model import Cluster
from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.pages import HEADERS, render
from gatekey.server.console.base.shown_once import ShownOnce


@dataclass(frozen=True, slots=True)
class NewSecret:
    """
    A secret that was just made, and what is to be done when its page is out (`note`, synchronous).

    `back` is where the page leads next; `others_end` is when the client's older secrets end, None where none does.
    """

    secret: SecretText
    note: Callable[[], None]
    back: str
    others_end: datetime | None = None


def show_credentials(context: MemberContext, cluster: Cluster, client: Client, new: NewSecret) -> Response:
    """Answer with the credentials: to be copied, downloaded, and never shown again."""
    secret = new.secret.reveal()
    entries = credentials_file.credentials(
        addresses_of(cluster, context.services.site), client.client_id, new.secret, client.scopes
    )
    html = render(
        context,
        "credentials.html",
        cluster=cluster,
        client=client,
        secret=secret,
        back=new.back,
        others_end=new.others_end,
        now=context.services.secrets.now(),
        files={form: credentials_file.render(entries, form) for form in FileFormat},
        file_names={form: credentials_file.file_name(client.name, form) for form in FileFormat},
        seal=seal(context.services.csrf_key, context.session, cluster.cluster_id, client.client_id, secret),
    )
    return ShownOnce(html, HEADERS, new.note)
