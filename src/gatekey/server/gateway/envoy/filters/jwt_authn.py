"""The filter that verifies tokens: signature, issuer, audience, lifetime."""

import re

from gatekey.server.gateway.envoy.resources import (
    CLIENT_HEADER,
    CLUSTER_HEADER,
    CREDENTIAL_HEADER,
    EXPIRY_HEADER,
    JWT_AUTHN,
    TOKEN_HEADER,
    Document,
    typed,
)
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.apis import BESIDE_ZEEBE, OPTIMIZE, READY, RestApi, audience, audiences, audiences_at
from gatekey.server.gateway.policy.hosts import suffixes_of
from gatekey.server.gateway.policy.model import GatewayView, GuardedCluster
from gatekey.server.gateway.policy.revocations import FOREVER, Named

PROVIDER = "gatekey"
NOWHERE = "nowhere"
CLAIMS = "claims"

VERIFIED = "envoy.filters.http.jwt_authn"
"""The namespace in which Envoy keeps the claims of a verified token, under the key `CLAIMS`."""

AUDIENCE_PATH = [{"key": CLAIMS}, {"key": "aud"}]

CLOCK_SKEW = 10
"""Seconds that the clocks of this machine and of the token service may differ; NTP keeps them within one."""

CACHED_TOKENS = 2000
"""Verified tokens that each worker remembers; a token of 1.5 KB makes this 3 MB. One client needs one."""


def needs_claims(view: GatewayView) -> bool:
    """Say whether claims must be kept beside the headers made of them: to compare times, or to look into a list."""
    narrow = any(before < FOREVER or subject.audience for subject, before in view.revocations.items())
    return narrow or any(opens_elsewhere(view, api, cluster) for api in BESIDE_ZEEBE for cluster in view.clusters)


def opens_elsewhere(view: GatewayView, api: RestApi, cluster: GuardedCluster) -> bool:
    """Say whether `api` is opened by an audience at other clusters that does not open it at `cluster`."""
    return audiences(view, api) != audiences_at(view, api, cluster)


def compile_jwt_authn(view: GatewayView, *, keep_claims: bool) -> Document:
    """
    Return the configuration of Envoy's jwt_authn filter; keeping claims costs every call a little.

    The keys are inside. Envoy could fetch them, but then a key would be withdrawn only with the next fetch, a start
    would wait for the token service, and a failing fetch would refuse good tokens with 401.
    """
    config = typed(
        "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        providers={PROVIDER: _provider(view, keep_claims=keep_claims), NOWHERE: _nowhere(view)},
        rules=_rules(view),
        bypass_cors_preflight=bool(view.origins),
    )
    return typed("envoy.config.core.v3.TypedExtensionConfig", name=JWT_AUTHN, typed_config=config)


def keeps_claims(jwt_authn: Document) -> bool:
    """Say whether a configuration keeps them."""
    return "payload_in_metadata" in jwt_authn["typed_config"]["providers"][PROVIDER]


def _provider(view: GatewayView, *, keep_claims: bool) -> Document:
    kept = {"payload_in_metadata": CLAIMS} if keep_claims else {}
    return {
        **kept,
        "issuer": view.issuer,
        "audiences": [audience(view)],
        "local_jwks": {"inline_string": view.keys},
        # Without this list Envoy would also take a token from the query parameter `access_token`.
        # Whatever is not `rules.BEARER` never gets here, so the token stands behind the first space.
        "from_headers": [{"name": "authorization", "value_prefix": " "}],
        "forward": False,
        "require_expiration": True,
        "clock_skew_seconds": CLOCK_SKEW,
        "claim_to_headers": [
            {"header_name": CLUSTER_HEADER, "claim_name": "scope"},
            {"header_name": EXPIRY_HEADER, "claim_name": "exp"},
            {"header_name": CLIENT_HEADER, "claim_name": Named.CLIENT.value},
            {"header_name": CREDENTIAL_HEADER, "claim_name": Named.CREDENTIAL.value},
            {"header_name": TOKEN_HEADER, "claim_name": Named.TOKEN.value},
        ],
        "clear_route_cache": True,
        "jwt_cache_config": {"jwt_cache_size": CACHED_TOKENS},
    }


def _nowhere(view: GatewayView) -> Document:
    """
    A provider that never finds a token: calls whose Authorization is missing or odd are refused by it with 401.

    The header it looks at is ours, so a caller's is removed before.
    """
    return {
        "issuer": view.issuer,
        "local_jwks": {"inline_string": view.keys},
        "from_headers": [{"name": "x-gatekey-nowhere"}],
    }


def _rules(view: GatewayView) -> list[Document]:
    silent = {"name": "authorization", "present_match": False}
    odd = {"name": "authorization", "string_match": {"safe_regex": {"regex": rules.BEARER}}, "invert_match": True}
    ready = {"safe_regex": {"regex": f"(?:{OPTIMIZE.prefix})?/{rules.UUID}{READY}"}}
    hosts = [{"match": {"prefix": "/", "headers": [_host(api, view)]}, **_required(api, view)} for api in BESIDE_ZEEBE]
    paths = [{"match": {"path_separated_prefix": api.prefix}, **_required(api, view)} for api in BESIDE_ZEEBE]
    return [
        {"match": {"path_separated_prefix": rules.RESOURCE_METADATA}},
        {"match": {"prefix": rules.GRPC_HEALTH, "headers": [silent]}},
        {"match": {**ready, "headers": [silent]}},
        # Once, before all others: the header is long, and Envoy looks at headers before it looks at the path.
        {"match": {"prefix": "/", "headers": [odd]}, "requires": {"provider_name": NOWHERE}},
        *(hosts if view.hosts else []),
        *paths,
        {"match": {"prefix": "/"}, "requires": {"provider_name": PROVIDER}},
    ]


def _required(api: RestApi, view: GatewayView) -> Document:
    required = {"provider_name": PROVIDER, "audiences": list(audiences(view, api))}
    return {"requires": {"provider_and_audiences": required}}


def _host(api: RestApi, view: GatewayView) -> Document:
    suffixes = "|".join(map(re.escape, suffixes_of(view, api)))
    regex = f"(?i)[^:]*(?:{suffixes})(?::(?s:.*))?"
    return {"name": ":authority", "string_match": {"safe_regex": {"regex": regex}}}


def one_of(word: str) -> Document:
    """
    Return the test of a claim that is `word` or a list with it among others, as `aud` may be (RFC 7519 section
    4.1.3).
    """
    exact = {"string_match": {"exact": word}}
    return {"or_match": {"value_matchers": [exact, {"list_match": {"one_of": exact}}]}}
