"""
The part of the configuration that stays as it is while the gateway runs.
"""

from dataclasses import dataclass

from gatekey.server.guarding.compile.refusals import compile_refusals
from gatekey.server.guarding.compile.resources import (
    CLUSTER_HEADER,
    ROUTES,
    VERIFICATION,
    Document,
    extension,
    type_url,
    typed,
)
from gatekey.server.guarding.compile.upstreams import CONNECTION_WINDOW, STREAM_WINDOW, socket_address
from gatekey.server.guarding.compile.verification import CLAIMS
from gatekey.server.guarding.model import Address
from gatekey.wire.vocabulary import CLUSTER_CLAIM

STATISTICS = "gateway"
"""The prefix of the listener's statistics, such as `http.gateway.downstream_rq_active`."""

NOT_FROM_CALLERS = ("x-gatekey-", "x-envoy-", "x-forwarded-", "forwarded", "x-real-ip")
"""Names by which a caller could pose as somebody else or steer the proxy; removed before anything looks at them."""

OPEN_STREAMS = 1024
"""Calls that one HTTP/2 connection may hold open; clients wait with more (RFC 9113 section 5.1.2)."""

HEADERS_TIMEOUT = "10s"
"""A caller that needs longer to send a request's head is broken or hostile; bodies and streams have no limit."""

PING = "60s"
PING_TIMEOUT = "20s"
"""A client that vanished is noticed, and the engine stops sending it jobs."""

HUNG = "60s"
"""An Envoy one of whose threads stands still for so long ends itself, and is started again."""

CONNECTIONS = 20_000
"""Envoy refuses connections beyond this, rather than run out of file descriptors."""


@dataclass(frozen=True, slots=True)
class Sources:
    """
    Where Envoy finds its files: paths of the three discovery files, and of its administration socket.
    """

    verification: str
    routes: str
    upstreams: str
    administration: str


def compile_bootstrap(addresses: tuple[Address, ...], sources: Sources) -> Document:
    """
    Return the bootstrap of an Envoy that listens on `addresses`, which are numeric.
    """
    return {
        "node": {"id": "gatekey", "cluster": "gatekey"},
        "admin": {"address": {"pipe": {"path": sources.administration, "mode": 0o600}}},
        "dynamic_resources": {"cds_config": _source(sources.upstreams)},
        "static_resources": {"listeners": [_listener(addresses, sources)]},
        "watchdogs": {f"{thread}_watchdog": {"kill_timeout": HUNG} for thread in ("main_thread", "worker")},
        "overload_manager": {"resource_monitors": [_connection_limit()]},
    }


def _source(path: str) -> Document:
    return {"resource_api_version": "V3", "path_config_source": {"path": path}}


def _connection_limit() -> Document:
    return extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        typed(
            "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            max_active_downstream_connections=CONNECTIONS,
        ),
    )


def _listener(addresses: tuple[Address, ...], sources: Sources) -> Document:
    first, *others = addresses
    return {
        "name": STATISTICS,
        "address": socket_address(first),
        "additional_addresses": [{"address": socket_address(other)} for other in others],
        # Two Envoys on one port would share it silently; few long connections are spread better by count than by hash.
        "enable_reuse_port": False,
        "connection_balance_config": {"exact_balance": {}},
        "filter_chains": [{"filters": [extension("http", _connection_manager(sources))]}],
    }


def _connection_manager(sources: Sources) -> Document:
    return typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=STATISTICS,
        codec_type="AUTO",
        # Nobody in front of the gateway is trusted: the caller's address is the peer's.
        use_remote_address=True,
        server_header_transformation="PASS_THROUGH",
        merge_slashes=True,
        early_header_mutation_extensions=[_removal()],
        common_http_protocol_options={"headers_with_underscores_action": "DROP_HEADER"},
        http2_protocol_options={
            "max_concurrent_streams": OPEN_STREAMS,
            "initial_stream_window_size": STREAM_WINDOW,
            "initial_connection_window_size": CONNECTION_WINDOW,
            "connection_keepalive": {"interval": PING, "timeout": PING_TIMEOUT},
        },
        request_headers_timeout=HEADERS_TIMEOUT,
        # Streams live for hours, and so may the silence in them.
        stream_idle_timeout="0s",
        request_timeout="0s",
        local_reply_config=compile_refusals(),
        rds={"route_config_name": ROUTES, "config_source": _source(sources.routes)},
        http_filters=[_verification(sources), _identity(), _router()],
    )


def _removal() -> Document:
    return extension(
        "removal",
        typed(
            "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            mutations=[
                {"remove_on_match": {"key_matcher": {"prefix": prefix, "ignore_case": True}}}
                for prefix in NOT_FROM_CALLERS
            ],
        ),
    )


def _verification(sources: Sources) -> Document:
    return {
        "name": VERIFICATION,
        "config_discovery": {
            "config_source": _source(sources.verification),
            "type_urls": [type_url("envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication")],
        },
    }


def _identity() -> Document:
    """
    The cluster of the verified token as a header, by which routes are chosen.

    jwt_authn's own way to headers splits claim names at their dots, and `%DYNAMIC_METADATA()%` at their colons.
    """
    claim = f"metadata.filter_metadata['envoy.filters.http.jwt_authn']['{CLAIMS}']['{CLUSTER_CLAIM}']"
    header = {"key": CLUSTER_HEADER, "value": f"%CEL({claim})%"}
    return extension(
        "identity",
        typed(
            "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            mutations={
                "request_mutations": [
                    {"append": {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}},
                ],
            },
        ),
    )


def _router() -> Document:
    return extension("router", typed("envoy.extensions.filters.http.router.v3.Router"))
