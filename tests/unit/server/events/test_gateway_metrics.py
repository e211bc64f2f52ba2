import re
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, generate_latest

from gatekey.server.events.gateway_metrics import WANTED, GatewayCollector

A, B = "cluster.aaaaaaaa-0000-4000-8000-00000000000a", "cluster.bbbbbbbb-0000-4000-8000-00000000000b"


class Envoy:
    """Statistics that a test sets; None is an Envoy that is gone."""

    def __init__(self) -> None:
        self.statistics: Mapping[str, int] | None = None
        registry = self.registry = CollectorRegistry()
        registry.register(GatewayCollector(self.read))

    def read(self, pattern: str) -> Mapping[str, int]:
        if self.statistics is None:
            raise ConnectionRefusedError
        return {name: value for name, value in self.statistics.items() if re.search(pattern, name)}

    def scrape(self) -> dict[str, float]:
        lines = generate_latest(self.registry).decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name.removeprefix("gatekey_gateway_"): float(value) for name, _, value in pairs}


def test_clusters_are_summed_up_by_api_and_class() -> None:
    envoy = Envoy()
    envoy.statistics = {
        f"{A}/rest.upstream_rq_2xx": 3,
        f"{B}/rest.upstream_rq_2xx": 4,
        f"{A}/grpc.upstream_rq_2xx": 5,
        f"{A}/grpc.upstream_rq_200": 5,
        f"{A}/grpc.external.upstream_rq_2xx": 5,
        f"{A}/operate.upstream_cx_connect_fail": 1,
        "http.gateway.jwt_authn.denied": 6,
        "http.gateway.no_route": 1,
        "http.gateway.rq_direct_response": 1,
        "http.gateway.downstream_rq_active": 2,
    }

    assert {
        "up": 1,
        'requests_total{api="rest",code="2xx"}': 7,
        'requests_total{api="grpc",code="2xx"}': 5,
        'upstream_failures_total{api="operate",kind="connect"}': 1,
        'refused_total{kind="token"}': 6,
        'refused_total{kind="place"}': 2,
        "open_calls": 2,
    } == envoy.scrape()


def test_counters_go_on_when_envoy_or_a_cluster_is_gone_and_comes_back() -> None:
    envoy, name = Envoy(), 'requests_total{api="rest",code="2xx"}'
    seen = []
    for statistics in ({"a": 10, "b": 5}, {"a": 12}, None, {"a": 1, "b": 2}):
        envoy.statistics = statistics and {f"cluster.{one}/rest.upstream_rq_2xx": n for one, n in statistics.items()}
        seen.append(envoy.scrape())

    assert [15, 17, 17, 20] == [each[name] for each in seen]
    assert [1, 1, 0, 1] == [each["up"] for each in seen]


def test_a_gateway_that_is_gone_has_no_open_calls_and_no_other_gauges() -> None:
    assert {"up": 0.0} == Envoy().scrape()


def test_envoy_is_asked_for_nothing_else() -> None:
    assert re.fullmatch(WANTED, f"{A}/rest.upstream_rq_5xx")
    assert not re.search(WANTED, f"{A}/rest.upstream_rq_503")
    assert "?P" not in WANTED
