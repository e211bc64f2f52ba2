"""
Download the credentials file, from the page that shows the secret.

The secret is nowhere but on that page, so the page's form brings it back; the seal proves that it is what we showed.
"""

from starlette.responses import Response

from gatekey.http.csrf import same, seal
from gatekey.oauth import credentials_file
from gatekey.oauth.credentials_file import FileFormat
from gatekey.oauth.secret_text import SecretText
from gatekey.server.clusters.addresses import addresses_of
from gatekey.server.console.base.context import MemberContext
from gatekey.server.console.base.lookup import find_client
from gatekey.server.console.base.pages import HEADERS, refuse
from gatekey.server.console.base.refusals import FORGED, MALFORMED, Refusal


async def download_credentials(context: MemberContext) -> Response:
    """Answer with the file, in the chosen format."""
    found = await find_client(context)
    if isinstance(found, Refusal):
        return refuse(context, found)
    client, secret, form = found.listed.client, context.form.text("secret"), context.form.text("format")
    expected = seal(context.services.csrf_key, context.session, client.cluster_id, client.client_id, secret)
    if not same(expected, context.form.text("seal")):
        return refuse(context, FORGED)
    if form not in list(FileFormat):
        return refuse(context, MALFORMED)
    addresses = addresses_of(found.cluster, context.services.site)
    entries = credentials_file.credentials(addresses, client.client_id, SecretText(secret), client.scopes)
    # The name has only characters that need no escaping here: `check_name` of the clients context.
    name = credentials_file.file_name(client.name, FileFormat(form))
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    text = credentials_file.render(entries, FileFormat(form))
    return Response(text, headers=HEADERS | headers, media_type="text/plain")
