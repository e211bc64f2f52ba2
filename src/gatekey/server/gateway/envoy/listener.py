"""
The part of the configuration that every call passes: one listener, one chain of filters, how refusals look.

It stays as it is while the gateway runs; what changes is delivered apart, from `Sources`.
"""

from dataclasses import dataclass

from gatekey.server.gateway.envoy.access_log import compile_access_log
from gatekey.server.gateway.envoy.filters.cors import compile_cors_filter
from gatekey.server.gateway.envoy.filters.jwt_authn import CLOCK_SKEW
from gatekey.server.gateway.envoy.filters.rbac import RBAC
from gatekey.server.gateway.envoy.local_replies import compile_local_replies
from gatekey.server.gateway.envoy.resources import (
    BASE,
    DELTA,
    EXPIRY_HEADER,
    JWT_AUTHN,
    ROUTES,
    Document,
    extension,
    type_url,
    typed,
)
from gatekey.server.gateway.envoy.sources import Sources
from gatekey.server.gateway.envoy.upstreams import CONNECTION_WINDOW, STREAM_WINDOW, socket_address
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.apis import MCP
from gatekey.server.gateway.policy.model import AccessLog, Address

STATISTICS = "gateway"
"""The prefix of the listener's statistics, such as `http.gateway.downstream_rq_active`."""

NOT_FROM_CALLERS = ("x-gatekey-", "x-envoy-", "x-forwarded-", "forwarded", "x-real-ip")
"""Names by which a caller could pose as somebody else or steer the proxy; removed before anything looks at them."""

CERTIFICATE = "gateway"
"""The name of the listener's certificate."""

OPEN_STREAMS = 1024
"""Calls that one HTTP/2 connection may hold open; clients wait with more (RFC 9113 section 5.1.2)."""

HEADERS_TIMEOUT = "10s"
"""A caller that needs longer to send a request's head is broken or hostile; bodies and streams have no limit."""

PING = "60s"
PING_TIMEOUT = "20s"
"""A client that vanished is noticed, and the engine stops sending it jobs."""

STREAMS = ("Jobs", MCP)
"""How the paths end that stream: ActivateJobs, StreamActivatedJobs, MCP. Only for them a token's end is reckoned."""

TIMEOUT_HEADER = "x-envoy-upstream-rq-timeout-ms"
"""How the router hears how long one call may last; a caller's own is removed before, ours goes no further."""


@dataclass(frozen=True, slots=True)
class Front:
    """How one Envoy meets its callers, on numeric `addresses`; `origins`: those of web pages among them."""

    addresses: tuple[Address, ...]
    stream_life: int
    tls: bool = False
    access_log: AccessLog = AccessLog.OFF
    origins: tuple[str, ...] = ()
    own_domain: bool = False


def compile_listener(front: Front, sources: Sources) -> Document:
    """Return the listener; with TLS its certificate comes from `sources.certificate`, see `compile_certificate`."""
    chain: Document = {"filters": [extension("http", _connection_manager(front, sources))]}
    if front.tls:
        chain["transport_socket"] = _transport(sources)
    return _listener(front.addresses, chain)


def _listener(addresses: tuple[Address, ...], chain: Document) -> Document:
    first, *others = addresses
    return {
        "name": STATISTICS,
        "address": socket_address(first),
        "additional_addresses": [{"address": socket_address(other)} for other in others],
        # Two Envoys on one port would share it silently; few long connections are spread better by count than by hash.
        "enable_reuse_port": False,
        "connection_balance_config": {"exact_balance": {}},
        "filter_chains": [chain],
    }


def _transport(sources: Sources) -> Document:
    return extension(
        "envoy.transport_sockets.tls",
        typed(
            "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            common_tls_context={
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
                "tls_certificate_sds_secret_configs": [{"name": CERTIFICATE, "sds_config": sources.certificate}],
            },
        ),
    )


def compile_certificate(chain: str, key: str, watched: str | None = None) -> tuple[Document, ...]:
    """
    Return the resource that names the PEM files of a certificate chain and its key.

    Envoy reads both again when something is renamed in the folder `watched`; by default in those that they stand in.
    """
    watching = {} if watched is None else {"watched_directory": {"path": watched}}
    return (
        typed(
            "envoy.extensions.transport_sockets.tls.v3.Secret",
            name=CERTIFICATE,
            tls_certificate={
                "certificate_chain": {"filename": chain},
                "private_key": {"filename": key},
                **watching,
            },
        ),
    )


def _connection_manager(front: Front, sources: Sources) -> Document:
    return typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=STATISTICS,
        codec_type="AUTO",
        # Nobody in front of the gateway is trusted: the caller's address is the peer's.
        use_remote_address=True,
        server_header_transformation="PASS_THROUGH",
        merge_slashes=True,
        early_header_mutation_extensions=[_removal()],
        common_http_protocol_options={
            "headers_with_underscores_action": "DROP_HEADER",
            "max_stream_duration": f"{front.stream_life}s",
        },
        http2_protocol_options={
            "max_concurrent_streams": OPEN_STREAMS,
            "initial_stream_window_size": STREAM_WINDOW,
            "initial_connection_window_size": CONNECTION_WINDOW,
            "connection_keepalive": {"interval": PING, "timeout": PING_TIMEOUT},
        },
        request_headers_timeout=HEADERS_TIMEOUT,
        # Whatever is open ends by max_stream_duration; the silence in it has no limit of its own.
        stream_idle_timeout="0s",
        request_timeout="0s",
        local_reply_config=compile_local_replies(own_domain=front.own_domain),
        access_log=compile_access_log(front.access_log),
        rds={"route_config_name": ROUTES, "config_source": sources.routes},
        http_filters=[
            _health(),
            *compile_cors_filter(front.origins),
            _discovered(JWT_AUTHN, "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication", sources.jwt_authn),
            _lifetime(),
            _discovered(BASE, RBAC, sources.base),
            _discovered(DELTA, RBAC, sources.delta),
            _router(),
        ],
    )


def _removal() -> Document:
    return extension(
        "removal",
        typed(
            "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            mutations=[
                {"remove_on_match": {"key_matcher": {"prefix": prefix}}}  # Envoy has made all names lower-case
                for prefix in NOT_FROM_CALLERS
            ],
        ),
    )


def _health() -> Document:
    """Says whether the gateway wants calls, beside all statistics and logs."""
    return extension(
        "health",
        typed(
            "envoy.extensions.filters.http.health_check.v3.HealthCheck",
            pass_through_mode=False,
            headers=[{"name": ":path", "string_match": {"exact": rules.GATEWAY_HEALTH}}],
        ),
    )


def _discovered(name: str, type_name: str, source: Document) -> Document:
    """Return a filter that is configured apart; without its configuration it takes no call."""
    return {
        "name": name,
        "config_discovery": {"config_source": source, "type_urls": [type_url(type_name)]},
    }


def _lifetime() -> Document:
    """Ends a stream when its token expires: the router is told how many milliseconds are left, never none."""
    left = f"(int(request.headers['{EXPIRY_HEADER}']) + {CLOCK_SKEW + 1} - int(request.time)) * 1000"
    header = {"key": TIMEOUT_HEADER, "value": f"%CEL({left})%"}
    mutation = {"append": {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}
    config = typed(
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation", mutations={"request_mutations": [mutation]}
    )
    path = extension("path", typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=":path"))
    ends = [{"single_predicate": {"input": path, "value_match": {"suffix": suffix}}} for suffix in STREAMS]
    stream = {"or_matcher": {"predicate": ends}}
    skip = extension("skip", typed("envoy.extensions.filters.common.matcher.action.v3.SkipFilter"))
    matchers = [{"predicate": {"not_matcher": stream}, "on_match": {"action": skip}}]
    return extension(
        "lifetime",
        typed(
            "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
            extension_config=extension("lifetime", config),
            xds_matcher={"matcher_list": {"matchers": matchers}},
        ),
    )


def _router() -> Document:
    return extension("router", typed("envoy.extensions.filters.http.router.v3.Router"))
