"""
The filter that verifies tokens: signature, issuer, audience, lifetime.
"""

from gatekey.server.guarding import rules
from gatekey.server.guarding.compile.resources import CLIENT_HEADER, VERIFICATION, Document, typed
from gatekey.server.guarding.model import GatewayView

PROVIDER = "gatekey"
NOWHERE = "nowhere"
CLAIMS = "claims"

CLOCK_SKEW = 10
"""Seconds that the clocks of this machine and of the token service may differ; NTP keeps them within one."""

CACHED_TOKENS = 2000
"""Verified tokens that each worker remembers; a token of 1.5 KB makes this 3 MB. One client needs one."""


def compile_verification(view: GatewayView) -> Document:
    """
    Return the configuration of Envoy's jwt_authn filter.

    The keys are inside. Envoy could fetch them, but then a key would be withdrawn only with the next fetch, a start
    would wait for the token service, and a failing fetch would refuse good tokens with 401.
    """
    config = typed(
        "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        providers={PROVIDER: _provider(view), NOWHERE: _nowhere(view)},
        rules=_rules(),
    )
    return typed("envoy.config.core.v3.TypedExtensionConfig", name=VERIFICATION, typed_config=config)


def _provider(view: GatewayView) -> Document:
    return {
        "issuer": view.issuer,
        "audiences": [rules.audience(view)],
        "local_jwks": {"inline_string": view.keys},
        # Without this list Envoy would also take a token from the query parameter `access_token`.
        "from_headers": [
            {"name": "authorization", "value_prefix": "Bearer "},
            {"name": "authorization", "value_prefix": "bearer "},
        ],
        "forward": False,
        "require_expiration": True,
        "clock_skew_seconds": CLOCK_SKEW,
        "payload_in_metadata": CLAIMS,
        "claim_to_headers": [{"header_name": CLIENT_HEADER, "claim_name": "sub"}],
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


def _rules() -> list[Document]:
    bearer = {"name": "authorization", "string_match": {"safe_regex": {"regex": rules.BEARER}}}
    silent = {"name": "authorization", "present_match": False}
    return [
        {"match": {"path": rules.GATEWAY_HEALTH}},
        {"match": {"prefix": rules.GRPC_HEALTH, "headers": [silent]}},
        {"match": {"prefix": "/", "headers": [bearer]}, "requires": {"provider_name": PROVIDER}},
        {"match": {"prefix": "/"}, "requires": {"provider_name": NOWHERE}},
    ]
