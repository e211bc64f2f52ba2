"""The parts of the service that answer requests, plugged together."""

import secrets
import time
from collections.abc import Mapping
from functools import partial
from threading import Event

from starlette.types import ASGIApp

from gatekey.http.lazy import LazyApp
from gatekey.server.api.decision import CurrentView, ForwardAuth
from gatekey.server.api.oauth.leaks import PATH as LEAKS_PATH
from gatekey.server.api.oauth.leaks import LeakEndpoint
from gatekey.server.api.oauth.token_endpoint import PATHS, TokenEndpoint
from gatekey.server.api.oauth.token_life import (
    INTROSPECTION_PATH,
    REVOCATION_PATH,
    IntrospectionEndpoint,
    RevocationEndpoint,
)
from gatekey.server.callers.naming import Callers
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.policy.model import GatewayView
from gatekey.server.limits.limits import Limits
from gatekey.server.run.admitting import make_admission
from gatekey.server.run.application import Application
from gatekey.server.run.gateway_view import gateway_view
from gatekey.server.run.guarded import Guarded
from gatekey.server.run.installation import Installation
from gatekey.server.run.parts import trust_of
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


def compose(installation: Installation, directory: Directory, observer: Observer, limits: Limits) -> Application:
    """Plug the parts of the service together."""
    policy = issuing_policy(installation)
    check = TokenCheck(directory, directory, policy, time.time)
    endpoints = _endpoints(installation, directory, observer, limits)

    ending = Event()

    def others() -> ASGIApp:
        from gatekey.server.run.visiting import http_routes

        return http_routes(installation, directory, check, observer, limits, ending.is_set)

    guarded = Guarded(SqlGuardedStore(installation.database), policy.audience_domain, revocations=False)

    def read_view() -> GatewayView:
        guarded.read(time.time())
        return gateway_view(installation, guarded.clusters, keys="")

    view = CurrentView(partial(directory.revision, Topic.CLUSTER), read_view)
    decisions = ForwardAuth(check, view, observer, installation.gateway_key.encode())
    at_once = {path: room for path, room in endpoints.items() if isinstance(room, TokenEndpoint)}
    callers = Callers(trust_of(installation.settings), observer)
    return Application(endpoints, at_once, decisions, LazyApp(others), callers, ending.set)


def _endpoints(
    installation: Installation, directory: Directory, observer: Observer, limits: Limits
) -> Mapping[bytes, ASGIApp]:
    master = installation.master
    check = TokenCheck(directory, directory, issuing_policy(installation), time.time)
    issuer = check.policy.issuer
    authentication = ClientAuthentication(
        directory,
        AssertionCheck(
            SqlSpentAssertions(installation.database), frozenset({issuer, f"{issuer}/oauth/token"}), time.time
        ),
        master.derive("client secrets"),
        time.time,
    )
    tokens = TokenService(
        authentication, directory, directory, check.policy, master.derive("storm shield"), time.time, _new_token_id
    )
    life = TokenLife(authentication, check, installation.revocations, time.time)
    admission = make_admission(limits, installation.site.public_url, directory)
    token_endpoint = TokenEndpoint(admission, observer, tokens)
    return {
        **dict.fromkeys(PATHS, token_endpoint),
        INTROSPECTION_PATH.encode(): IntrospectionEndpoint(admission, observer, life),
        REVOCATION_PATH.encode(): RevocationEndpoint(admission, observer, life),
        LEAKS_PATH.encode(): LeakEndpoint(admission, observer, installation.secrets),
    }


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


def _new_token_id() -> str:
    return secrets.token_urlsafe(16)
