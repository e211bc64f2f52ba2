"""
Which upstream a verified call goes to.

A verified call that meets no route is refused too; what it then reads is said by `refusals`.

The first step is always the cluster of the token: a call without a verified cluster meets no route to any upstream,
except to the health service of gRPC, which Camunda leaves open too.
"""

from collections.abc import Iterator, Sequence

from gatekey.server.gateway.envoy.filters.cors import compile_preflight
from gatekey.server.gateway.envoy.filters.jwt_authn import AUDIENCE_PATH, VERIFIED, one_of, opens_elsewhere
from gatekey.server.gateway.envoy.resource_metadata import compile_metadata_routes
from gatekey.server.gateway.envoy.resources import (
    CLIENT_HEADER,
    CLUSTER_HEADER,
    CREDENTIAL_HEADER,
    EXPIRY_HEADER,
    ROUTES,
    TOKEN_HEADER,
    Document,
    extension,
    typed,
)
from gatekey.server.gateway.envoy.upstreams import upstream_name
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.apis import BESIDE_ZEEBE, OPTIMIZE, READY, ZEEBE, RestApi, audience, documented
from gatekey.server.gateway.policy.hosts import hosts_of, shared_hosts, suffixes_of
from gatekey.server.gateway.policy.model import Address, Api, GatewayView, GuardedCluster, Kind

ALL_APIS = (ZEEBE, *BESIDE_ZEEBE)

EVER = "0s"
"""Envoy's way to say "no limit": one for all calls is set elsewhere, and a job stream may be silent for hours."""

NOT_FOR_UPSTREAMS = (
    # The filter removes the tokens it verified; this also removes what came along with open calls.
    "authorization",
    "proxy-authorization",
    TOKEN_HEADER,
    CREDENTIAL_HEADER,
    EXPIRY_HEADER,
    # how long the call may last, in the router's own words
    "x-envoy-expected-rq-timeout-ms",
)


def compile_routes(view: GatewayView) -> Document:
    """Return the route configuration: a shared virtual host and, with host names, one for each cluster and each API."""
    hosts = [_shared_host(view)]
    if view.hosts:
        hosts += [_own_host(cluster, view) for cluster in view.clusters]
        hosts += [_api_host(api, view) for api in BESIDE_ZEEBE if view.clusters]
        hosts.append(_foreign_host(view))
    return typed(
        "envoy.config.route.v3.RouteConfiguration",
        name=ROUTES,
        virtual_hosts=hosts,
        ignore_port_in_host_matching=True,
        request_headers_to_remove=list(NOT_FOR_UPSTREAMS),
        response_headers_to_remove=["x-envoy-upstream-service-time"],
    )


def _shared_host(view: GatewayView) -> Document:
    domains = ["*", *shared_hosts(view)] if view.hosts else ["*"]
    routes = {cluster.cluster_id: _all_routes(cluster, view) for cluster in view.clusters}
    open_to_all = [*_health(rules.only_cluster(view)), *_refused_without_token()]
    open_paths = {**_ready_routes(view.clusters, OPTIMIZE.prefix), **compile_metadata_routes(view, view.by_id)}
    unmatched = [*open_to_all, *_otherwise(rules.UNKNOWN_CLUSTER)]
    return _virtual_host("shared", domains, routes, unmatched, open_paths, _first(view))


def _own_host(cluster: GuardedCluster, view: GatewayView) -> Document:
    routes = {cluster.cluster_id: _all_routes(cluster, view)}
    unmatched = [*_health(cluster), *_refused_without_token(), *_otherwise(rules.OTHER_CLUSTER)]
    metadata = compile_metadata_routes(view, [cluster.cluster_id])
    open_paths = {**_ready_routes([cluster], OPTIMIZE.prefix), **metadata}
    domains = list(hosts_of(cluster, view))
    return _virtual_host(cluster.cluster_id, domains, routes, unmatched, open_paths, _first(view))


def _api_host(api: RestApi, view: GatewayView) -> Document:
    routes = {
        cluster.cluster_id: [
            *_api_routes(cluster, view, api, ""),
            *_nothing_at([f"/{cluster.cluster_id}", *(each.prefix for each in BESIDE_ZEEBE)]),
        ]
        for cluster in view.clusters
    }
    unmatched = [*_refused_without_token(), *_otherwise(rules.UNKNOWN_CLUSTER)]
    ready = _ready_routes(view.clusters, "") if api is OPTIMIZE else {}
    return _virtual_host(
        api.word,
        list(shared_hosts(view, api)),
        routes,
        unmatched,
        ready,
        [*compile_preflight(view.origins), *_undocumented_on_host(api)],
    )


def _foreign_host(view: GatewayView) -> Document:
    domains = [f"*{suffix}" for suffix in suffixes_of(view, *ALL_APIS)]
    unmatched = [*_refused_without_token(), *_otherwise(rules.OTHER_CLUSTER)]
    return _virtual_host("foreign", domains, {}, unmatched, {}, compile_preflight(view.origins))


def _virtual_host(  # noqa: PLR0913, PLR0917 - the steps in their order, from the last to the first
    name: str,
    domains: list[str],
    routes: dict[str, list[Document]],
    unmatched: list[Document],
    open_paths: dict[str, Document],
    first: list[Document],
) -> Document:
    """What is ambiguous and what comes `first`, then the routes of the token's cluster, then those without a token."""
    without_cluster: Document = _route_list(unmatched)
    if open_paths:
        by_path = {path: _route_list([route, *_unless_all(route, unmatched)]) for path, route in open_paths.items()}
        without_cluster = _tree(":path", by_path, without_cluster)
    by_cluster = {cluster_id: _route_list(of_cluster) for cluster_id, of_cluster in routes.items()}
    return {
        "name": name,
        "domains": domains,
        "matcher": {
            "matcher_list": {"matchers": [_ambiguous(), _trace(), *first]},
            "on_no_match": _tree(CLUSTER_HEADER, by_cluster, without_cluster) if by_cluster else without_cluster,
        },
    }


def _unless_all(route: Document, unmatched: list[Document]) -> list[Document]:
    """What comes behind `route`: nothing where it takes every call. A thousand clusters have a thousand such routes."""
    return [] if "headers" not in route["match"] else unmatched


def _tree(header: str, branches: dict[str, Document], on_no_match: Document) -> Document:
    tree = {"input": _header_input(header), "exact_match_map": {"map": branches}}
    return {"matcher": {"matcher_tree": tree, "on_no_match": on_no_match}}


def _ambiguous() -> Document:
    path = _fits(":path", rules.AMBIGUOUS_PATH)
    host = _fits(":authority", rules.AMBIGUOUS_HOST)
    refusal = _refusal({"prefix": "/"}, Kind.NOT_FOUND, rules.AMBIGUOUS)
    return {"predicate": {"or_matcher": {"predicate": [path, host]}}, "on_match": _route_list([refusal])}


def _trace() -> Document:
    method = {"single_predicate": {"input": _header_input(":method"), "value_match": {"exact": rules.TRACE}}}
    refusal = _refusal({"prefix": "/"}, Kind.METHOD_NOT_ALLOWED, rules.NO_TRACE)
    return {"predicate": method, "on_match": _route_list([refusal])}


def _first(view: GatewayView) -> list[Document]:
    return [*compile_preflight(view.origins), *_undocumented(BESIDE_ZEEBE)]


def _undocumented(apis: Sequence[RestApi]) -> list[Document]:
    """The refusal of paths that begin with the prefix of an API and are none of its resources."""
    listed = [api for api in apis if api.resources]
    below = "|".join(f"{api.prefix}(?:/{rules.UUID})?{documented(api)}" for api in listed)
    prefixes = "|".join(api.prefix for api in listed)
    begins = _fits(":path", f"(?:{prefixes})(?:[/?](?s:.*))?")
    return _nothing_where({"and_matcher": {"predicate": [begins, {"not_matcher": _fits(":path", below)}]}})


def _undocumented_on_host(api: RestApi) -> list[Document]:
    """The same on the host of one API, whose paths begin with no prefix."""
    if not api.resources:
        return []
    return _nothing_where({"not_matcher": _fits(":path", f"(?:/{rules.UUID})?{documented(api)}")})


def _nothing_where(predicate: Document) -> list[Document]:
    refusal = _refusal({"prefix": "/"}, Kind.NOT_FOUND, rules.NOTHING_HERE)
    return [{"predicate": predicate, "on_match": _route_list([refusal])}]


def _fits(header: str, regex: str) -> Document:
    value = {"safe_regex": {"google_re2": {}, "regex": regex}}
    return {"single_predicate": {"input": _header_input(header), "value_match": value}}


def _all_routes(cluster: GuardedCluster, view: GatewayView) -> list[Document]:
    apis = [route for api in ALL_APIS for route in _api_routes(cluster, view, api, api.prefix)]
    grpc = [_grpc_route(prefix, cluster) for prefix in (rules.GRPC_SERVICE, rules.GRPC_HEALTH)]
    return [*grpc, *apis, *_nothing_at([f"{api.prefix}/{cluster.cluster_id}" for api in ALL_APIS])]


def _api_routes(cluster: GuardedCluster, view: GatewayView, api: RestApi, prefix: str) -> Iterator[Document]:
    """The routes of one API below `prefix`, with the cluster in the path and without."""
    if opens_elsewhere(view, api, cluster):
        yield _other_audience(audience(view, api.scope), prefix)
    for path, root in api.paths:
        for called in (f"{prefix}{path}", f"{prefix}/{cluster.cluster_id}{path}"):
            yield _rest_route({"path_separated_prefix": called}, called, root, api.api, cluster)


def _other_audience(own: str, prefix: str) -> Document:
    """The refusal of audiences that open this API at other clusters only."""
    match: Document = {"path_separated_prefix": prefix} if prefix else {"prefix": "/"}
    match["dynamic_metadata"] = [{"filter": VERIFIED, "path": AUDIENCE_PATH, "value": one_of(own), "invert": True}]
    return _refusal(match, Kind.FORBIDDEN, rules.OTHER_API)


def _nothing_at(prefixes: Sequence[str]) -> list[Document]:
    """The refusals where nothing is, though the path begins like something; all other paths meet no route."""
    return [_refusal({"path_separated_prefix": each}, Kind.NOT_FOUND, rules.NOTHING_HERE) for each in prefixes]


def _grpc_route(prefix: str, cluster: GuardedCluster) -> Document:
    match = {"prefix": prefix, "grpc": {}}
    if cluster.grpc is None:
        return _refusal(match, Kind.NOT_FOUND, rules.NO_GRPC)
    return _forward(match, upstream_name(cluster, Api.GRPC), _host(cluster, cluster.grpc))


def _rest_route(match: Document, called: str, root: str, api: Api, cluster: GuardedCluster) -> Document:
    address = cluster.address_of(api)
    if address is None:
        return _refusal(match, Kind.NOT_FOUND, rules.NO_REST)
    target = f"{address.path}{root}"
    return _forward(match, upstream_name(cluster, api), _host(cluster, address), "" if called == target else target)


def _host(cluster: GuardedCluster, address: Address) -> str | None:
    """The host that the upstream is told, None for that of the caller."""
    # A server behind TLS is usually one of several names on a shared ingress.
    return (cluster.tls.server_name or address.host) if address.tls else None


def _forward(match: Document, upstream: str, host: str | None, rewrite: str = "") -> Document:
    action: Document = {
        "cluster": upstream,
        "timeout": EVER,
        "idle_timeout": EVER,
        "cluster_not_found_response_code": "SERVICE_UNAVAILABLE",
    }
    if rewrite:
        action["prefix_rewrite"] = rewrite
    if host is not None:
        action["host_rewrite_literal"] = host
    return {"match": match, "route": action}


def _health(cluster: GuardedCluster | None) -> list[Document]:
    """The health service of gRPC for calls without a token."""
    if cluster is None:
        return []
    return [_without_token(_grpc_route(rules.GRPC_HEALTH, cluster))]


def _ready_routes(clusters: Sequence[GuardedCluster], prefix: str) -> dict[str, Document]:
    """The routes by which Optimize says that it is up, to calls without a token, by their exact path."""
    paths = {f"{prefix}/{cluster.cluster_id}{READY}": cluster for cluster in clusters}
    return {
        path: _without_token(_rest_route({"path": path}, path, READY, Api.OPTIMIZE, cluster))
        for path, cluster in paths.items()
    }


def _refused_without_token() -> list[Document]:
    # No token is looked for where metadata stands, so none is missing there.
    no_document = _nothing_at([rules.RESOURCE_METADATA])
    return [*no_document, _without_token(_refusal({"prefix": "/"}, Kind.UNAUTHENTICATED, rules.NO_TOKEN))]


def _without_token(route: Document) -> Document:
    """Return the route for calls without a token: a verified one would have left its client's name."""
    silent = {"headers": [{"name": CLIENT_HEADER, "present_match": False}]}
    return {**route, "match": {**route["match"], **silent}}


def _otherwise(public: str) -> list[Document]:
    return [_refusal({"prefix": "/"}, Kind.FORBIDDEN, public)]


def _refusal(match: Document, kind: Kind, public: str) -> Document:
    return {"match": match, "direct_response": {"status": kind.http_status, "body": {"inline_string": public}}}


def _route_list(routes: list[Document]) -> Document:
    return {"action": extension("routes", typed("envoy.config.route.v3.RouteList", routes=routes))}


def _header_input(name: str) -> Document:
    return extension(name, typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=name))
