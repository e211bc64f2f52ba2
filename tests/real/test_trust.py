"""
A Camunda server that knows only our issuer's address and an audience accepts our tokens and refuses all others.

Not asserted, because this version of the server does not look: the issuer claim and the cluster claim.
"""

from collections.abc import Callable

import grpc
import pytest

from real.calls import grpc_topology, rest_topology
from support.camunda import Camunda

pytestmark = pytest.mark.real

REFUSED = ["expired", "signed by another key", "of an unknown key", "changed after signing", "alg none"]


def test_the_server_accepts_our_token_by_grpc_and_by_rest(camunda_oidc: Camunda, token: str) -> None:
    code, version = grpc_topology(camunda_oidc.grpc, token)
    answer = rest_topology(camunda_oidc.rest, token)

    assert (code, version) == (grpc.StatusCode.OK, "8.6.0")
    assert answer.status == 200
    assert answer.body["gatewayVersion"] == "8.6.0"


def test_the_server_refuses_a_call_without_a_token(camunda_oidc: Camunda) -> None:
    code, _ = grpc_topology(camunda_oidc.grpc, None)
    answer = rest_topology(camunda_oidc.rest, None)

    assert (code, answer.status) == (grpc.StatusCode.UNAUTHENTICATED, 401)


def test_the_server_refuses_our_token_for_another_api(camunda_oidc: Camunda, secrets_token: str) -> None:
    code, _ = grpc_topology(camunda_oidc.grpc, secrets_token)
    answer = rest_topology(camunda_oidc.rest, secrets_token)

    assert (code, answer.status) == (grpc.StatusCode.UNAUTHENTICATED, 401)


@pytest.mark.parametrize("kind", REFUSED)
def test_the_server_refuses_a_bad_token(camunda_oidc: Camunda, forge: Callable[[str], str], kind: str) -> None:
    token = forge(kind)
    code, _ = grpc_topology(camunda_oidc.grpc, token)
    answer = rest_topology(camunda_oidc.rest, token)

    assert (code, answer.status) == (grpc.StatusCode.UNAUTHENTICATED, 401)
