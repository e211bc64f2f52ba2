"""The clusters' own servers, as Envoy reaches them."""

import ipaddress
from collections.abc import Iterator

from gatekey.server.gateway.envoy.resources import Document, extension, typed
from gatekey.server.gateway.policy.model import Address, Api, GatewayView, GuardedCluster, UpstreamTls

CONNECT_TIMEOUT = "5s"
"""A server that does not take a connection in five seconds is not there; a caller's own deadline is at least ten."""

UNLIMITED = 1_000_000
"""Envoy's default of 1024 open calls per upstream would refuse the 1025th job worker that holds a stream."""

STREAM_WINDOW = 1024 * 1024
CONNECTION_WINDOW = 16 * 1024 * 1024
"""HTTP/2 flow control in bytes (RFC 9113 section 5.2): a slow stream holds back itself, not its connection."""

REST_IDLE = "10s"
"""Below the 20 s after which Tomcat closes idle connections, so that no call is sent into a connection being closed."""

GRPC_IDLE = "300s"
"""An HTTP/2 connection without calls; those with an open stream are kept for as long as the stream lives."""


def upstream_name(cluster: GuardedCluster, api: Api) -> str:
    """Return the name of the upstream that serves `api` of a cluster."""
    served = Api.REST if cluster.is_served_by_rest(api) else api
    return f"{cluster.cluster_id}/{served}"


def compile_upstreams(view: GatewayView) -> tuple[Document, ...]:
    """Return one Envoy cluster for each server of each guarded cluster."""
    return tuple(upstream for cluster in view.clusters for upstream in _upstreams(cluster, view.authorities))


def _upstreams(cluster: GuardedCluster, authorities: str) -> Iterator[Document]:
    for api in Api:
        address = cluster.address_of(api)
        if address is not None and (api is Api.REST or not cluster.is_served_by_rest(api)):
            agreed, protocol = ("h2", _http2()) if api is Api.GRPC else ("http/1.1", _http1())
            yield {
                **_upstream(upstream_name(cluster, api), address, protocol),
                **_transport(address, cluster.tls, agreed, authorities),
            }


def _upstream(name: str, address: Address, protocol: Document) -> Document:
    return {
        **typed("envoy.config.cluster.v3.Cluster"),
        "name": name,
        "connect_timeout": CONNECT_TIMEOUT,
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket_address(address)}}]}],
        },
        "circuit_breakers": {
            "thresholds": [
                {f"max_{what}": UNLIMITED for what in ("connections", "pending_requests", "requests", "retries")},
            ],
        },
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol},
        # A server that vanished without a word is noticed: HTTP/2 pings would break Zeebe's rule against idle pings.
        "upstream_connection_options": {"tcp_keepalive": {"keepalive_time": 60}},
        **_discovery(address),
    }


def socket_address(address: Address) -> Document:
    """Return an address in Envoy's form."""
    return {"socket_address": {"address": address.host, "port_value": address.port}}


def _discovery(address: Address) -> Document:
    if _is_numeric(address.host):
        return {"type": "STATIC"}
    return {
        "type": "STRICT_DNS",
        "lb_policy": "LEAST_REQUEST",
        "dns_lookup_family": "V4_PREFERRED",
        # A name that cannot be resolved must not hold up the gateway for all other clusters.
        "wait_for_warm_on_init": False,
    }


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _transport(address: Address, tls: UpstreamTls, protocol: str, authorities: str) -> Document:
    if not address.tls:
        return {}
    context: Document = {
        "alpn_protocols": [protocol],  # gRPC servers refuse a connection that did not agree on h2
        "validation_context": {"trusted_ca": {"filename": tls.authorities or authorities}},
    }
    if tls.certificate:
        chain, key = tls.certificate
        context["tls_certificates"] = [{"certificate_chain": {"filename": chain}, "private_key": {"filename": key}}]
    socket = typed(
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni=tls.server_name or address.host,
        auto_sni_san_validation=True,
        common_tls_context=context,
    )
    return {
        "transport_socket": extension("envoy.transport_sockets.tls", socket),
        # Envoy reads files again when the upstream itself is another; what is under way finishes with the old one.
        "metadata": {"filter_metadata": {"gatekey": {"files": tls.version}}},
    }


def _http2() -> Document:
    return _protocol(
        GRPC_IDLE,
        {
            "http2_protocol_options": {
                "initial_stream_window_size": STREAM_WINDOW,
                "initial_connection_window_size": CONNECTION_WINDOW,
            }
        },
    )


def _http1() -> Document:
    return _protocol(REST_IDLE, {"http_protocol_options": {}})


def _protocol(idle: str, config: Document) -> Document:
    return typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options={"idle_timeout": idle},
        explicit_http_config=config,
    )
