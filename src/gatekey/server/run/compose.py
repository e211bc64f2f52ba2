"""The wiring of a process that answers requests, on one page: who stands behind which port."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Event

from starlette.types import ASGIApp, Receive, Scope, Send

from gatekey.http.lazy import LazyApp
from gatekey.server.api.decision import CurrentView, ForwardAuth
from gatekey.server.api.decision_forms import form_of
from gatekey.server.api.oauth.admission import Admission, Sampler
from gatekey.server.api.oauth.leaks import PATH as LEAKS_PATH
from gatekey.server.api.oauth.leaks import LeakEndpoint
from gatekey.server.api.oauth.limit_answers import LimitAnswers
from gatekey.server.api.oauth.token_endpoint import PATHS, TokenEndpoint
from gatekey.server.api.oauth.token_life import (
    INTROSPECTION_PATH,
    REVOCATION_PATH,
    IntrospectionEndpoint,
    RevocationEndpoint,
)
from gatekey.server.callers.naming import Callers
from gatekey.server.callers.trust import Forwarding, Trust
from gatekey.server.events.logs import LogObserver
from gatekey.server.events.metrics import MetricsObserver
from gatekey.server.events.observers import Observers
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.policy.model import GatewayView
from gatekey.server.limits.limits import Limits, Mode
from gatekey.server.limits.model import HELP_PATH, LimitPolicy
from gatekey.server.limits.ports import Limiter
from gatekey.server.limits.rules import Rule, Subject
from gatekey.server.run.gateway.guarded import Guarded
from gatekey.server.run.gateway.view import gateway_view
from gatekey.server.run.installation import Installation
from gatekey.server.run.limits.limiters import limit_policy
from gatekey.server.settings import Settings
from gatekey.server.signing_keys.keys import TokenType
from gatekey.server.storage.directory import Directory
from gatekey.server.storage.sql.changes import Topic
from gatekey.server.storage.stores.guarded_store import SqlGuardedStore
from gatekey.server.storage.stores.revocation_store import SqlSpentAssertions
from gatekey.server.tokens.assertions import AssertionCheck
from gatekey.server.tokens.authentication import ClientAuthentication
from gatekey.server.tokens.model import IssuingPolicy
from gatekey.server.tokens.service import TokenService
from gatekey.server.tokens.token_life import TokenLife
from gatekey.server.tokens.verification import TokenCheck
from gatekey.server.vault.sealing import Seal


@dataclass(frozen=True, slots=True)
class Service:
    """The OAuth endpoints by path and the decision endpoint, beside (not inside) the framework that serves all else."""

    endpoints: Mapping[bytes, ASGIApp]
    fast_path: Mapping[bytes, TokenEndpoint]
    decisions: ASGIApp
    others: ASGIApp
    callers: Callers
    end: Callable[[], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one request to what answers it."""
        await self._route(scope)(scope, receive, send)

    def _route(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self.others
        # The path as sent: decoded, `/oauth%2ftoken` would be the endpoint here and something else for a proxy.
        path = scope["raw_path"]
        return self.endpoints.get(path) or (self.others if form_of(path) is None else self.decisions)


def compose(installation: Installation, directory: Directory, observer: Observer, limits: Limits) -> Service:
    """Plug the parts of the service together. Each is made once: a second token check would remember less."""
    master, database, policy = installation.master, installation.database, issuing_policy(installation)
    check = TokenCheck(directory, directory, policy, time.time)
    mine = frozenset({policy.issuer, f"{policy.issuer}/oauth/token"})
    authentication = ClientAuthentication(
        directory,
        AssertionCheck(SqlSpentAssertions(database), mine, time.time),
        master.derive("client secrets"),
        time.time,
    )
    shield = master.derive("storm shield")
    tokens = TokenService(authentication, directory, directory, policy, shield, time.time, _new_token_id)
    life = TokenLife(authentication, check, installation.revocations, time.time)
    admission = Admission(
        limits,
        LimitAnswers(installation.site.public_url + HELP_PATH, time.time),
        lambda client_id: directory.find(client_id) is not None,
        Sampler(time.monotonic),
    )
    fast_path = dict.fromkeys(PATHS, TokenEndpoint(admission, observer, tokens))
    endpoints = {
        **fast_path,
        INTROSPECTION_PATH.encode(): IntrospectionEndpoint(admission, observer, life),
        REVOCATION_PATH.encode(): RevocationEndpoint(admission, observer, life),
        LEAKS_PATH.encode(): LeakEndpoint(admission, observer, installation.secrets),
    }
    guarded = Guarded(SqlGuardedStore(database), policy.audience_domain, revocations=False)

    def read_view() -> GatewayView:
        guarded.read(time.time())
        return gateway_view(installation, guarded.clusters, keys="")

    view = CurrentView(partial(directory.revision, Topic.CLUSTER), read_view)
    decisions = ForwardAuth(check, view, observer, installation.gateway_key.encode())
    ending = Event()

    def others() -> ASGIApp:
        from gatekey.server.run.routes import http_routes

        return http_routes(installation, directory, check, observer, limits, ending.is_set)

    callers = Callers(trust_of(installation.settings), observer)
    return Service(endpoints, fast_path, decisions, LazyApp(others), callers, ending.set)


def issuing_policy(installation: Installation) -> IssuingPolicy:
    """Return what all tokens of the installation have in common."""
    settings, site = installation.settings, installation.site
    return IssuingPolicy(
        issuer=site.issuer,
        lifetime=settings.token_lifetime,
        audience_domain=site.audience_domain,
        gateway_hosts=frozenset({site.gateway.rpartition(":")[0].lower(), "localhost", "127.0.0.1"}),
        token_type=TokenType(settings.token_form),
        shield_window=settings.storm_shield,
        longest_life=settings.token_lifetime_max,
    )


def make_limits(settings: Settings, limiter: Limiter) -> Limits:
    """Return what edges ask: policy, mode and exceptions as the settings say, over the limiter of this process."""
    return Limits(
        limiter,
        limit_policy(settings),
        time.time,
        mode=Mode(settings.limit_mode),
        cap=LimitPolicy(rate=settings.limit_fair_rate, burst=settings.limit_fair_burst),
        always=(Rule(Subject.ADDRESS, str(network), note="GATEKEY_LIMIT_ALLOW") for network in settings.limit_allow),
    )


def make_observer(settings: Settings) -> Observer:
    """Return what one process tells of: logs, and counters where they are wanted."""
    logs = LogObserver(settings.log_level)
    return Observers((logs, MetricsObserver())) if settings.metrics else logs


def trust_of(settings: Settings) -> Trust:
    """Return which proxies are believed, and how they name the caller."""
    return Trust(
        proxies=settings.trusted_proxies,
        forwarding=Forwarding(settings.forwarded_by),
        ipv6_prefix=settings.limit_ipv6_prefix,
        nat64=settings.nat64_prefixes,
    )


def open_directory(installation: Installation) -> Directory:
    """Return the in-memory clients and keys; use it from one thread only."""
    return Directory(installation.folder.database_path, Seal(installation.master.derive("storage")), time.time)


def _new_token_id() -> str:
    return secrets.token_urlsafe(16)
