import re

import pytest

from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster

SPEAKING = GuardedCluster("one", "local", Address("localhost", 26500))
MUTE = GuardedCluster("two", "local", None, Address("localhost", 8080))


def view(*clusters: GuardedCluster) -> GatewayView:
    return GatewayView(Address("localhost", 26600), "http://issuer", "{}", "camunda.io", clusters=clusters)


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [((), None), ((MUTE,), None), ((SPEAKING,), SPEAKING), ((MUTE, SPEAKING), SPEAKING), ((SPEAKING, SPEAKING), None)],
)
def test_a_health_check_means_the_only_cluster_that_speaks_grpc(
    clusters: tuple[GuardedCluster, ...], expected: GuardedCluster | None
) -> None:
    assert expected == rules.only_cluster(view(*clusters))


@pytest.mark.parametrize("value", ["Bearer a.b.c", "bearer a-_9.b.c", "BEARER   a.b.c"])
def test_one_token_in_compact_form_is_looked_at(value: str) -> None:
    assert re.fullmatch(rules.BEARER, value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer a.b",
        "Bearer a.b.",
        "Bearer a.b.c.d.e",
        "Bearer a.b.c,Bearer a.b.c",
        "Bearer\ta.b.c",
        "xBearer a.b.c",
        "Basic x",
    ],
)
def test_nothing_else_in_authorization_is(value: str) -> None:
    assert not re.fullmatch(rules.BEARER, value)


@pytest.mark.parametrize("path", ["/v2/x", "/v2/x?a=..;b", "/v2/a.b/...", "/v2/.well-known", "/v2/%7E%C3%BC%25", "/"])
def test_a_plain_path_is_not_ambiguous(path: str) -> None:
    assert not re.fullmatch(rules.AMBIGUOUS_PATH, path)


@pytest.mark.parametrize(
    "path",
    ["/a/../b", "/a/..", "/a/.", "/./a", "/a;b", "/a\\b", "/%2e%2E", "/%2F", "/%5c", "/%3B", "/%00", "/%1f", "/a/..?q"],
)
def test_a_path_with_two_readings_is(path: str) -> None:
    assert re.fullmatch(rules.AMBIGUOUS_PATH, path)
