"""
The anchor: an Envoy that checks tokens with its own filter, remembers them, and has one route for each protocol.
"""

from typing import Any

from benchmarks.gateway.tokens import DOMAIN, ISSUER
from benchmarks.gateway.upstreams import Upstreams

EXTENSIONS = "type.googleapis.com/envoy.extensions"


def bootstrap(port: int, keys: str, upstreams: Upstreams) -> dict[str, Any]:
    """
    Return the whole configuration.
    """
    manager = {
        "@type": f"{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "plain",
        "http_filters": [_verification(keys), _filter("router", f"{EXTENSIONS}.filters.http.router.v3.Router")],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [
                        {"match": {"prefix": "/", "grpc": {}}, "route": {"cluster": "grpc", "timeout": "0s"}},
                        {"match": {"prefix": "/"}, "route": {"cluster": "rest", "timeout": "0s"}},
                    ],
                }
            ]
        },
    }
    listener = {
        "address": _address(port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    clusters = [_cluster("grpc", upstreams.grpc, http2=True), _cluster("rest", upstreams.rest, http2=False)]
    return {"static_resources": {"listeners": [listener], "clusters": clusters}}


def _verification(keys: str) -> dict[str, Any]:
    provider = {
        "issuer": ISSUER,
        "audiences": [f"zeebe.{DOMAIN}"],
        "local_jwks": {"inline_string": keys},
        "jwt_cache_config": {"jwt_cache_size": 2000},
    }
    rules = [{"match": {"prefix": "/"}, "requires": {"provider_name": "all"}}]
    config = {"providers": {"all": provider}, "rules": rules}
    return _filter("jwt", f"{EXTENSIONS}.filters.http.jwt_authn.v3.JwtAuthentication", config)


def _filter(name: str, type_url: str, config: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": type_url, **(config or {})}}


def _cluster(name: str, port: int, *, http2: bool) -> dict[str, Any]:
    protocol: dict[str, Any] = {"http2_protocol_options" if http2 else "http_protocol_options": {}}
    options = {"@type": f"{EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions", "explicit_http_config": protocol}
    return {
        "name": name,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}],
        },
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
