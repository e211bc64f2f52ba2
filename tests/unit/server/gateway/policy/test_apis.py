from dataclasses import replace

import pytest

from gatekey.server.gateway.policy.apis import (
    OPERATE,
    OPTIMIZE,
    TASKLIST,
    ZEEBE,
    RestApi,
    api_at_path,
    audience,
    audiences,
    audiences_at,
    offers,
)
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster

HERE, THERE = Address("localhost", 1), Address("localhost", 2)
VIEW = GatewayView(Address("localhost", 26600), "http://issuer", "{}", "example.org")
TOGETHER = GuardedCluster("together", "local", HERE, HERE)
APART = GuardedCluster("apart", "local", HERE, HERE, THERE, THERE, THERE)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", (ZEEBE, "/")),
        ("/v2/topology", (ZEEBE, "/v2/topology")),
        ("/operate", (OPERATE, "")),
        ("/operate/v1/x", (OPERATE, "/v1/x")),
        ("/operatex", (ZEEBE, "/operatex")),
        ("/tasklist/graphql", (TASKLIST, "/graphql")),
        ("/optimize/operate", (OPTIMIZE, "/operate")),
        ("/zeebe/v2", (ZEEBE, "/zeebe/v2")),
    ],
)
def test_the_first_word_of_a_path_names_the_api(path: str, expected: tuple[RestApi, str]) -> None:
    assert expected == api_at_path(path)


def test_audiences_are_those_of_camunda_under_the_domain() -> None:
    assert "zeebe.example.org" == audience(VIEW)
    assert ("zeebe.example.org",) == audiences(VIEW, ZEEBE)
    assert ("operate.example.org",) == audiences(replace(VIEW, clusters=()), OPERATE)
    assert ("operate.example.org",) == audiences(replace(VIEW, clusters=(APART,)), OPERATE)
    assert ("operate.example.org", "zeebe.example.org") == audiences(replace(VIEW, clusters=(TOGETHER,)), OPERATE)
    assert ("operate.example.org", "zeebe.example.org") == audiences(replace(VIEW, clusters=(TOGETHER, APART)), OPERATE)
    assert ("optimize.example.org",) == audiences(VIEW, OPTIMIZE)


@pytest.mark.parametrize("api", [OPERATE, TASKLIST])
def test_where_zeebes_server_serves_an_api_both_audiences_open_it(api: RestApi) -> None:
    own = audience(VIEW, api.scope)

    assert (own, "zeebe.example.org") == audiences_at(VIEW, api, TOGETHER)
    assert (own,) == audiences_at(VIEW, api, APART)


@pytest.mark.parametrize(
    ("api", "path", "expected"),
    [
        (OPERATE, "/v1/incidents", True),
        (OPERATE, "/v1/incidents/", True),
        (OPERATE, "/v1/process-definitions/1/xml", True),
        (OPERATE, "/v1/incidentsx", False),
        (OPERATE, "/v1/topology", False),
        (OPERATE, "/v1", False),
        (OPERATE, "", False),
        (TASKLIST, "/graphql", True),
        (TASKLIST, "/v1/variables/22517-name", True),
        (TASKLIST, "/v1/variables/search", False),
        (TASKLIST, "/v1/variables", False),
        (ZEEBE, "/v1/topology", True),
        (OPTIMIZE, "/api/public/x", True),
    ],
)
def test_an_api_with_documented_resources_offers_them_alone(api: RestApi, path: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert expected == offers(api, path)
