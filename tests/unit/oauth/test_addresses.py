from dataclasses import replace

import pytest

from gatekey.oauth.addresses import ClusterAddresses
from gatekey.oauth.vocabulary import Scope

ADDRESSES = ClusterAddresses(
    cluster_id="00000000-0000-4000-8000-000000000001",
    region="local",
    zeebe="localhost:26600",
    grpc="grpc://localhost:26600",
    rest="http://localhost:26600/00000000-0000-4000-8000-000000000001",
    tasklist="http://localhost:26600/tasklist/00000000-0000-4000-8000-000000000001",
    operate="http://localhost:26600/operate/00000000-0000-4000-8000-000000000001",
    optimize="http://localhost:26600/optimize/00000000-0000-4000-8000-000000000001",
    secrets="http://localhost:8400/secrets",
    token_url="http://localhost:8400/oauth/token",
    domain=None,
)


@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        (Scope.ZEEBE, "zeebe.camunda.io"),
        (Scope.TASKLIST, "tasklist.camunda.io"),
        (Scope.OPERATE, "operate.camunda.io"),
        (Scope.OPTIMIZE, "optimize.camunda.io"),
        (Scope.SECRETS, "secrets.camunda.io"),
    ],
)
def test_without_an_own_domain_audiences_are_the_ones_clients_have_built_in(scope: Scope, audience: str) -> None:
    assert audience == ADDRESSES.audience(scope)


def test_audiences_stand_under_an_own_domain() -> None:
    own = replace(ADDRESSES, domain="camunda.example.org")

    assert own.audience(Scope.ZEEBE) == "zeebe.camunda.example.org"
    assert own.audience(Scope.SECRETS) == "secrets.camunda.example.org"
