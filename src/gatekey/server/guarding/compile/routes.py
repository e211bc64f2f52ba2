"""
Which upstream a verified call goes to.

The first step is always the cluster of the token: a call without a verified cluster meets no route to any upstream,
except to the health service of gRPC, which Camunda leaves open too.
"""

from gatekey.server.guarding import rules
from gatekey.server.guarding.compile.resources import (
    CLIENT_HEADER,
    CLUSTER_HEADER,
    ROUTES,
    Document,
    extension,
    typed,
)
from gatekey.server.guarding.compile.upstreams import grpc_name, rest_name
from gatekey.server.guarding.hosts import foreign_suffix, shared_hosts
from gatekey.server.guarding.model import Address, GatewayView, GuardedCluster, Kind

EVER = "0s"
"""Envoy's way to say "no limit": job streams live for hours, the client's own deadline ends them."""


def compile_routes(view: GatewayView) -> Document:
    """
    Return the route configuration: a shared virtual host and, with host names, one for each cluster.
    """
    hosts = [_shared_host(view)]
    if view.hosts:
        hosts += [_own_host(cluster, view) for cluster in view.clusters]
        hosts.append(_foreign_host(view))
    return typed(
        "envoy.config.route.v3.RouteConfiguration",
        name=ROUTES,
        virtual_hosts=hosts,
        ignore_port_in_host_matching=True,
        # The filter removes the tokens it verified; this also removes what came along with open calls.
        request_headers_to_remove=["authorization", "proxy-authorization"],
        response_headers_to_remove=["x-envoy-upstream-service-time"],
    )


def _shared_host(view: GatewayView) -> Document:
    domains = ["*", *shared_hosts(view)] if view.hosts else ["*"]
    return _virtual_host("shared", domains, view.clusters, _health(rules.only_cluster(view)), rules.UNKNOWN_CLUSTER)


def _own_host(cluster: GuardedCluster, view: GatewayView) -> Document:
    domains = [rules.host_of(cluster, view)]
    return _virtual_host(cluster.cluster_id, domains, (cluster,), _health(cluster), rules.OTHER_CLUSTER)


def _foreign_host(view: GatewayView) -> Document:
    return _virtual_host("foreign", [f"*{foreign_suffix(view)}"], (), _health(None), rules.OTHER_CLUSTER)


def _virtual_host(
    name: str, domains: list[str], clusters: tuple[GuardedCluster, ...], health: list[Document], otherwise: str
) -> Document:
    """
    Ambiguous paths first, then the token's cluster, then what is open to calls without a token.
    """
    unmatched = _route_list([_gateway_health(), *health, _refusal({"prefix": "/"}, Kind.FORBIDDEN, otherwise)])
    by_cluster = {cluster.cluster_id: _route_list(_cluster_routes(cluster)) for cluster in clusters}
    on_no_match: Document = unmatched
    if by_cluster:
        tree = {"input": _header_input(CLUSTER_HEADER), "exact_match_map": {"map": by_cluster}}
        on_no_match = {"matcher": {"matcher_tree": tree, "on_no_match": unmatched}}
    return {
        "name": name,
        "domains": domains,
        "matcher": {"matcher_list": {"matchers": [_ambiguous()]}, "on_no_match": on_no_match},
    }


def _ambiguous() -> Document:
    path = _fits(":path", rules.AMBIGUOUS_PATH)
    host = _fits(":authority", rules.AMBIGUOUS_HOST)
    refusal = _refusal({"prefix": "/"}, Kind.NOT_FOUND, rules.AMBIGUOUS)
    return {"predicate": {"or_matcher": {"predicate": [path, host]}}, "on_match": _route_list([refusal])}


def _fits(header: str, regex: str) -> Document:
    value = {"safe_regex": {"google_re2": {}, "regex": regex}}
    return {"single_predicate": {"input": _header_input(header), "value_match": value}}


def _cluster_routes(cluster: GuardedCluster) -> list[Document]:
    own = f"/{cluster.cluster_id}"
    other = {"safe_regex": {"regex": f"/{rules.UUID}(?:/.*)?"}}
    return [
        _grpc_route(rules.GRPC_SERVICE, cluster),
        _grpc_route(rules.GRPC_HEALTH, cluster),
        *(_rest_route(root, root, cluster) for root in rules.REST_ROOTS),
        *(_rest_route(f"{own}{root}", root, cluster) for root in rules.REST_ROOTS),
        _refusal({"path_separated_prefix": own}, Kind.NOT_FOUND, rules.NOTHING_HERE),
        _refusal(other, Kind.FORBIDDEN, rules.OTHER_CLUSTER),
        _refusal({"prefix": "/"}, Kind.NOT_FOUND, rules.NOTHING_HERE),
    ]


def _grpc_route(prefix: str, cluster: GuardedCluster) -> Document:
    match = {"prefix": prefix, "grpc": {}}
    if cluster.grpc is None:
        return _refusal(match, Kind.NOT_FOUND, rules.NO_GRPC)
    return _forward(match, grpc_name(cluster.cluster_id), cluster.grpc)


def _rest_route(called: str, root: str, cluster: GuardedCluster) -> Document:
    match = {"path_separated_prefix": called}
    if cluster.rest is None:
        return _refusal(match, Kind.NOT_FOUND, rules.NO_REST)
    target = f"{cluster.rest.path}{root}"
    return _forward(match, rest_name(cluster.cluster_id), cluster.rest, "" if called == target else target)


def _forward(match: Document, upstream: str, address: Address, rewrite: str = "") -> Document:
    action: Document = {
        "cluster": upstream,
        "timeout": EVER,
        "idle_timeout": EVER,
        "cluster_not_found_response_code": "SERVICE_UNAVAILABLE",
    }
    if rewrite:
        action["prefix_rewrite"] = rewrite
    if address.tls:
        # A server behind TLS is usually one of several names on a shared ingress.
        action["host_rewrite_literal"] = address.host
    return {"match": match, "route": action}


def _health(cluster: GuardedCluster | None) -> list[Document]:
    """
    The health service for calls without a token: a verified token would have left its client's name.
    """
    match = {"prefix": rules.GRPC_HEALTH, "headers": [{"name": CLIENT_HEADER, "present_match": False}]}
    unnamed = _refusal(match, Kind.UNAUTHENTICATED, rules.NO_TOKEN)
    if cluster is None:
        return [unnamed]
    if cluster.grpc is None:
        return [_refusal({**match, "grpc": {}}, Kind.NOT_FOUND, rules.NO_GRPC), unnamed]
    return [_forward({**match, "grpc": {}}, grpc_name(cluster.cluster_id), cluster.grpc), unnamed]


def _gateway_health() -> Document:
    return {
        "match": {"path": rules.GATEWAY_HEALTH},
        "direct_response": {"status": 200, "body": {"inline_string": "ok\n"}},
    }


def _refusal(match: Document, kind: Kind, public: str) -> Document:
    return {"match": match, "direct_response": {"status": kind.http_status, "body": {"inline_string": public}}}


def _route_list(routes: list[Document]) -> Document:
    return {"action": extension("routes", typed("envoy.config.route.v3.RouteList", routes=routes))}


def _header_input(name: str) -> Document:
    return extension(name, typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=name))
