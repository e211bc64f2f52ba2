"""
What people and programs visit beside the OAuth endpoints: discovery, APIs, health and the console.

A file of its own because it is loaded when the first of them comes: Starlette, Jinja2 and all pages take as long as a
tenth of the start, and a worker that only issues tokens never needs them.
"""

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.types import ASGIApp

from gatekey.server.app.installation import Installation
from gatekey.server.auditing.ports import Observer
from gatekey.server.dataplane.publishing import PublishedParts
from gatekey.server.issuing.verification import TokenCheck
from gatekey.server.limiting.limits import Limits
from gatekey.server.storage.directory import Directory
from gatekey.server.web.console.help_rate_limit import help_route
from gatekey.server.web.console.rooms import Desk, console
from gatekey.server.web.discovery import Discovery
from gatekey.server.web.gateway_discovery import Board, GatewayDiscovery
from gatekey.server.web.health import health_routes
from gatekey.server.web.limits_api import LimitsApi
from gatekey.server.web.revocation_feed import RevocationFeed
from gatekey.server.web.secrets_api import SecretsApi


def visiting_rooms(  # noqa: PLR0913, PLR0917 - what rooms are made of
    installation: Installation,
    directory: Directory,
    check: TokenCheck,
    observer: Observer,
    limits: Limits,
    is_ending: Callable[[], bool],
) -> ASGIApp:
    """
    Plug the rooms together; `is_ending` tells when nobody may wait in one any more.
    """
    published = PublishedParts(installation.folder.published_path)
    rooms = Starlette(
        routes=[
            *Discovery(check.policy.issuer, directory).routes(),
            *SecretsApi(check, installation.clusters.store, observer).routes(),
            *RevocationFeed(
                installation.revocations, installation.gateway_key, observer, directory.refresh, time.time
            ).routes(),
            *GatewayDiscovery(published, Board(published, is_ending), installation.gateway_key, observer).routes(),
            *health_routes(directory.refresh),
            *LimitsApi(_desk(installation), installation.operating.key, observer).routes(),
            *console(_desk(installation)),
            help_route(limits),
        ]
    )
    rooms.router.redirect_slashes = False  # its redirects name whatever host the caller named
    return rooms


def _desk(installation: Installation) -> Desk:
    return Desk(
        clients=installation.clients,
        secrets=installation.secrets,
        clusters=installation.clusters,
        sign_in=installation.sign_in,
        limits=installation.operating.limits,
        explanations=installation.operating.explanations,
        site=installation.site,
        secure_cookies=installation.site.public_url.startswith("https:"),
        csrf_key=installation.master.derive("console forms"),
    )
