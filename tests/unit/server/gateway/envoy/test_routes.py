from typing import Any

import pytest

from gatekey.server.gateway.envoy.routes import compile_routes
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster

A = "aaaaaaaa-0000-4000-8000-00000000000a"
B = "bbbbbbbb-0000-4000-8000-00000000000b"
UPSTREAM = Address("localhost", 1)
ROOTS = {"/v1", "/v2", "/mcp/cluster", "/graphql", "/api/public", "/api/ingestion", "/api/readyz"}


def compiled(*clusters: GuardedCluster, hosts: bool = False) -> dict[str, Any]:
    view = GatewayView(Address("localhost", 26600), "http://issuer", "{}", "camunda.io", hosts=hosts, clusters=clusters)
    return {host["name"]: host for host in compile_routes(view)["virtual_hosts"]}


def routes_of(host: dict[str, Any], cluster_id: str) -> list[dict[str, Any]]:
    tree = host["matcher"]["on_no_match"]["matcher"]["matcher_tree"]
    routes: list[dict[str, Any]] = tree["exact_match_map"]["map"][cluster_id]["action"]["typed_config"]["routes"]
    return routes


def forwarded(routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [route["route"] for route in routes if "route" in route]


def test_routes_are_chosen_by_the_cluster_of_the_token() -> None:
    host = compiled(GuardedCluster(A, "local", UPSTREAM, UPSTREAM), GuardedCluster(B, "local", UPSTREAM, UPSTREAM))[
        "shared"
    ]

    assert {f"{A}/grpc", f"{A}/rest"} == {route["cluster"] for route in forwarded(routes_of(host, A))}
    assert {f"{B}/grpc", f"{B}/rest"} == {route["cluster"] for route in forwarded(routes_of(host, B))}


def test_no_route_ends_a_stream_by_its_clock() -> None:
    host = compiled(GuardedCluster(A, "local", UPSTREAM, UPSTREAM))["shared"]

    assert {("0s", "0s")} == {(each["timeout"], each["idle_timeout"]) for each in forwarded(routes_of(host, A))}


def test_nothing_is_sent_twice() -> None:
    host = compiled(GuardedCluster(A, "local", UPSTREAM, UPSTREAM))["shared"]

    assert not [route for route in forwarded(routes_of(host, A)) if "retry_policy" in route]


def test_each_cluster_has_its_host_only_where_hosts_have_names() -> None:
    cluster = GuardedCluster(A, "local", UPSTREAM)

    assert ["shared"] == list(compiled(cluster))
    assert {
        "shared": ["*", "local.zeebe.camunda.io", "local.api.camunda.io"],
        A: [f"{A}.local.zeebe.camunda.io", f"{A}.local.privateconnectivity.camunda.io"],
        "operate": ["local.operate.camunda.io"],
        "tasklist": ["local.tasklist.camunda.io"],
        "optimize": ["local.optimize.camunda.io"],
        "foreign": [
            f"*.{word}.camunda.io"
            for word in ("zeebe", "api", "privateconnectivity", "operate", "tasklist", "optimize")
        ],
    } == {name: host["domains"] for name, host in compiled(cluster, hosts=True).items()}


def test_a_gateway_without_clusters_has_routes_too() -> None:
    host = compiled()["shared"]

    assert [rules.UNKNOWN_CLUSTER in str(route) for route in unmatched(host)] == [False, False, True]


@pytest.mark.parametrize(
    ("rest", "rewrite"),
    [
        (Address("localhost", 1), {None, *ROOTS}),
        (Address("localhost", 1, path="/base"), {f"/base{root}" for root in ROOTS}),
    ],
)
def test_the_cluster_in_the_path_is_taken_away_and_the_base_of_the_upstream_put_in_front(
    rest: Address, rewrite: set[str | None]
) -> None:
    host = compiled(GuardedCluster(A, "local", None, rest))["shared"]

    assert rewrite == {route.get("prefix_rewrite") for route in forwarded(routes_of(host, A))}


def test_a_server_behind_tls_is_called_by_its_own_name() -> None:
    host = compiled(GuardedCluster(A, "local", Address("zeebe.example.org", 443, tls=True)))["shared"]

    assert {"zeebe.example.org"} == {route["host_rewrite_literal"] for route in forwarded(routes_of(host, A))}


def test_a_health_check_without_a_token_goes_to_the_only_cluster_and_else_nowhere() -> None:
    one = GuardedCluster(A, "local", UPSTREAM)
    two = GuardedCluster(B, "local", UPSTREAM)

    assert [f"{A}/grpc"] == [route["cluster"] for route in forwarded(unmatched(compiled(one)["shared"]))]
    assert [] == forwarded(unmatched(compiled(one, two)["shared"]))
    assert [] == forwarded(unmatched(compiled(one, two, hosts=True)["foreign"]))
    assert [f"{B}/grpc"] == [route["cluster"] for route in forwarded(unmatched(compiled(one, two, hosts=True)[B]))]


def test_a_cluster_that_speaks_no_grpc_says_so() -> None:
    mute = GuardedCluster(A, "local", None, UPSTREAM)
    texts = [str(route) for route in unmatched(compiled(mute, hosts=True)[A])]

    assert [rules.NO_GRPC in text for text in texts] == [True, False, False, False]


def unmatched(host: dict[str, Any]) -> list[dict[str, Any]]:
    last = host["matcher"]["on_no_match"]
    while "matcher" in last:
        last = last["matcher"]["on_no_match"]
    routes: list[dict[str, Any]] = last["action"]["typed_config"]["routes"]
    return routes


def test_an_api_with_an_upstream_of_its_own_is_closed_to_zeebes_audience() -> None:
    apart = GuardedCluster(A, "local", UPSTREAM, UPSTREAM, operate=Address("localhost", 2))
    host = compiled(apart, GuardedCluster(B, "local", UPSTREAM, UPSTREAM))["shared"]

    assert rules.OTHER_API in str(routes_of(host, A))
    assert rules.OTHER_API not in str(routes_of(host, B))
