"""
The routes beside the OAuth endpoints: discovery, APIs, health and the console.

A file of its own because it is loaded with the first request for one of them: Starlette, Jinja2 and all pages take as
long as a tenth of the start, and a worker that only issues tokens never needs them.
"""

import time
from collections.abc import Callable
from functools import partial

from starlette.applications import Starlette
from starlette.types import ASGIApp

from gatekey.server.api.gateway import GatewayDiscovery, PendingPolls
from gatekey.server.api.health import health_routes
from gatekey.server.api.limits import LimitsApi
from gatekey.server.api.oauth.discovery import Discovery
from gatekey.server.api.revocations import RevocationFeed
from gatekey.server.api.secrets import SecretsApi
from gatekey.server.console.base.guard import show_missing
from gatekey.server.console.limits.help_rate_limit import help_route
from gatekey.server.console.routes import ConsoleServices, console
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.runner.publishing import PublishedParts
from gatekey.server.limits.limits import Limits
from gatekey.server.run.demo import is_demo
from gatekey.server.run.installation import Installation
from gatekey.server.run.upstreams import silent_upstreams
from gatekey.server.storage.directory import Directory
from gatekey.server.storage.sql.changes import Topic
from gatekey.server.tokens.verification import TokenCheck


def http_routes(  # noqa: PLR0913, PLR0917 - what routes are made of
    installation: Installation,
    directory: Directory,
    check: TokenCheck,
    observer: Observer,
    limits: Limits,
    is_ending: Callable[[], bool],
) -> ASGIApp:
    """Plug the APIs and the console together; `is_ending` tells when nobody may wait any more."""
    services = _services(installation)
    published = PublishedParts(installation.folder.published_path)
    application = Starlette(
        routes=[
            *Discovery(check.policy.issuer, directory).routes(),
            *SecretsApi(check, installation.clusters.store, observer).routes(),
            *RevocationFeed(
                installation.revocations,
                installation.gateway_key,
                observer,
                partial(directory.revision, Topic.REVOCATION),
                time.time,
            ).routes(),
            *GatewayDiscovery(
                published, PendingPolls(published, is_ending), installation.gateway_key, observer
            ).routes(),
            *health_routes(directory.refresh),
            *_limits_api(installation, services, observer).routes(),
            *console(services),
            help_route(limits),
        ],
        exception_handlers={404: show_missing},
    )
    application.router.redirect_slashes = False  # its redirects name whatever host the caller named
    return application


def _limits_api(installation: Installation, services: ConsoleServices, observer: Observer) -> LimitsApi:
    return LimitsApi(
        services.limits,
        services.explanations,
        services.sign_in,
        services.cookie,
        services.site.public_url,
        services.csrf_key,
        installation.operating.key,
        observer,
    )


def _services(installation: Installation) -> ConsoleServices:
    return ConsoleServices(
        clients=installation.clients,
        secrets=installation.secrets,
        clusters=installation.clusters,
        sign_in=installation.sign_in,
        limits=installation.operating.limits,
        explanations=installation.operating.explanations,
        site=installation.site,
        secure_cookies=installation.site.public_url.startswith("https:"),
        csrf_key=installation.master.derive("console forms"),
        is_demo=partial(is_demo, installation.settings),
        silent_upstreams=silent_upstreams,
    )
