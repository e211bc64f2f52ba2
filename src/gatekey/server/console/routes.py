"""The console's routes: every path, and what a person does there."""

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gatekey.server.console.base.context import AnonymousContext, ConsoleServices
from gatekey.server.console.base.guard import for_everybody, for_members
from gatekey.server.console.base.pages import ASSET_HEADERS, STATIC, go_to
from gatekey.server.console.clients.client_create import create_client, offer_form
from gatekey.server.console.clients.client_delete import confirm_deletion, delete_client
from gatekey.server.console.clients.client_show import show_client
from gatekey.server.console.clients.client_update import change_client, offer_change
from gatekey.server.console.clients.clients_list import list_clients
from gatekey.server.console.clients.credentials_download import download_credentials
from gatekey.server.console.clients.secret_end import confirm_end, end_secret
from gatekey.server.console.clients.secret_rotate import offer_rotation, rotate_secret
from gatekey.server.console.clusters.cluster_show import show_cluster
from gatekey.server.console.clusters.clusters_list import list_clusters
from gatekey.server.console.limits.limits_address import show_address
from gatekey.server.console.limits.limits_client import show_stranger
from gatekey.server.console.limits.limits_list import list_limits
from gatekey.server.console.limits.limits_unblock import confirm_unblocking, unblock_address
from gatekey.server.console.session.sign_in import ask_for_link, offer_sign_in, sign_in
from gatekey.server.console.session.sign_out import sign_out

__all__ = ["ConsoleServices", "console"]

CLUSTER = "/clusters/{cluster_id}"
CLIENTS = CLUSTER + "/api"
CLIENT = CLIENTS + "/{client_id}"
ADDRESS = "/limits/{address:path}"
"""The key of an IPv6 network has a slash."""

ASSET_LIFETIME = "public, max-age=86400"
"""A day: pages name each file with its edition, so a new release is seen at once; fonts change hardly ever."""


def console(services: ConsoleServices) -> list[BaseRoute]:
    """Return the routes of the console, to be mounted at the root of the service."""
    get, post = ["GET"], ["POST"]
    return [
        Route("/", for_everybody(services, _home), methods=get),
        Route("/sign-in", for_everybody(services, ask_for_link), methods=get),
        Route("/sign-in/{key}", for_everybody(services, offer_sign_in), methods=get),
        Route("/sign-in/{key}", for_everybody(services, sign_in), methods=post),
        Route("/sign-out", for_members(services, sign_out), methods=post),
        Route("/clusters", for_members(services, list_clusters), methods=get),
        Route(CLUSTER, for_members(services, show_cluster), methods=get),
        Route(CLIENTS, for_members(services, list_clients), methods=get),
        Route(CLIENTS, for_members(services, create_client), methods=post),
        Route(CLIENTS + "/new", for_members(services, offer_form), methods=get),
        Route(CLIENT, for_members(services, show_client), methods=get),
        Route(CLIENT + "/credentials", for_members(services, download_credentials), methods=post),
        Route(CLIENT + "/change", for_members(services, offer_change), methods=get),
        Route(CLIENT + "/change", for_members(services, change_client), methods=post),
        Route(CLIENT + "/delete", for_members(services, confirm_deletion), methods=get),
        Route(CLIENT + "/delete", for_members(services, delete_client), methods=post),
        Route(CLIENT + "/secrets/rotate", for_members(services, offer_rotation), methods=get),
        Route(CLIENT + "/secrets/rotate", for_members(services, rotate_secret), methods=post),
        Route(CLIENT + "/secrets/{secret_id}/end", for_members(services, confirm_end), methods=get),
        Route(CLIENT + "/secrets/{secret_id}/end", for_members(services, end_secret), methods=post),
        Route("/limits", for_members(services, list_limits), methods=get),
        Route("/limits/clients/{client_id}", for_members(services, show_stranger), methods=get),
        Route(ADDRESS + "/unblock", for_members(services, confirm_unblocking), methods=get),
        Route(ADDRESS + "/unblock", for_members(services, unblock_address), methods=post),
        Route(ADDRESS, for_members(services, show_address), methods=get),
        Mount("/static", Assets(directory=STATIC)),
    ]


class Assets(StaticFiles):
    """Styles, fonts, the script and the icon; the same for everybody, so they may be cached."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file with the headers of an asset."""
        response = await super().get_response(path, scope)
        response.headers.update(ASSET_HEADERS | {"Cache-Control": ASSET_LIFETIME})
        return response


async def _home(_context: AnonymousContext) -> Response:
    return go_to("/clusters")
