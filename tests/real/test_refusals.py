"""
What must not pass the gateway, asked with the real protocol's own words: gRPC status codes and problem+json.
"""

from collections.abc import Callable

import grpc
import pytest

from real.calls import grpc_topology, rest_topology
from real.conftest import Cluster
from real.tokens import BAD_TOKENS
from support.product import Product
from support.waiting import wait_until

pytestmark = pytest.mark.real


def test_a_genuine_token_passes_by_grpc_and_by_rest(
    guarded: Product, rest_base: str, token: str, cluster: Cluster
) -> None:
    code, version = grpc_topology(guarded.gateway, token)
    answer = rest_topology(rest_base, token)

    assert (code, version) == (grpc.StatusCode.OK, cluster.version)
    assert answer.status == 200
    assert answer.body["gatewayVersion"] == cluster.version


def test_a_grpc_call_without_a_token_is_unauthenticated(guarded: Product) -> None:
    code, text = grpc_topology(guarded.gateway, None)

    assert code == grpc.StatusCode.UNAUTHENTICATED
    assert "token" in text


def test_a_rest_call_without_a_token_is_a_problem_401(rest_base: str) -> None:
    answer = rest_topology(rest_base, None)

    assert (answer.status, answer.type) == (401, "application/problem+json")
    assert answer.body["status"] == 401
    assert answer.body["instance"]  # camunda-orchestration-sdk insists on the member
    assert (answer.challenge or "").startswith("Bearer")


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_is_unauthenticated_by_grpc(guarded: Product, forge: Callable[[str], str], kind: str) -> None:
    code, text = grpc_topology(guarded.gateway, forge(kind))

    assert code == grpc.StatusCode.UNAUTHENTICATED
    assert text


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_is_a_problem_401_by_rest(rest_base: str, forge: Callable[[str], str], kind: str) -> None:
    answer = rest_topology(rest_base, forge(kind))

    assert (answer.status, answer.type) == (401, "application/problem+json")
    assert answer.body["status"] == 401
    assert answer.body["instance"]
    assert (answer.challenge or "").startswith("Bearer")


def test_a_token_of_another_api_is_denied(guarded: Product, rest_base: str, secrets_token: str) -> None:
    code, _ = grpc_topology(guarded.gateway, secrets_token)
    answer = rest_topology(rest_base, secrets_token)

    assert code == grpc.StatusCode.PERMISSION_DENIED
    assert (answer.status, answer.type) == (403, "application/problem+json")
    assert answer.body["instance"]


def test_a_token_of_another_cluster_is_denied_by_rest(rest_base: str, other_token: str) -> None:
    answer = rest_topology(rest_base, other_token)

    assert (answer.status, answer.type) == (403, "application/problem+json")
    assert answer.body["instance"]


def test_a_token_of_another_cluster_does_not_reach_this_one_by_grpc(guarded: Product, other_token: str) -> None:
    # On one host name the token alone says which cluster a gRPC call is for: this one leads to its own, which is down.
    # The gateway knows a new cluster within a second; until then it leads nowhere.
    wait_until(lambda: grpc_topology(guarded.gateway, other_token)[0] is not grpc.StatusCode.PERMISSION_DENIED)
    code, _ = grpc_topology(guarded.gateway, other_token)

    assert code == grpc.StatusCode.UNAVAILABLE
