"""
Whoever knows no more than the URL of a cluster's MCP server learns which token service opens it (RFC 9728).
"""

import re
from collections.abc import Iterator

import pytest

from gatekey.server.gateway.policy import rules
from support.gateway import ISSUER, A, B, Issuer, Stand, standing

HOST = "gateway.example.org:443"
OWN = f"{A}.local.zeebe.camunda.io"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with standing(tmp_path_factory.mktemp("gateway"), hosts=False) as stand:
        yield stand


@pytest.fixture(scope="module")
def with_domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with standing(tmp_path_factory.mktemp("gateway")) as stand:
        yield stand


@pytest.mark.parametrize("path", ["/mcp/cluster", f"/{A}/mcp/cluster", f"/{A}/mcp/cluster?session=1"])
def test_a_401_names_the_document_and_the_document_the_issuer(stand: Stand, path: str) -> None:
    challenge = stand.ask(path, host=HOST).headers["www-authenticate"]
    url = re.fullmatch(r'Bearer resource_metadata="http://gateway\.example\.org:443(.+)"', challenge)
    assert url is not None
    document = stand.ask(url[1], host=HOST)

    assert (200, "application/json") == (document.status, document.headers["content-type"])
    assert {
        "resource": f"http://{HOST}{path.partition('?')[0]}",
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
    } == document.document


def test_a_bad_token_is_told_so_beside_it(stand: Stand) -> None:
    bad = [("authorization", f"Bearer {Issuer().token()}")]

    challenge = stand.ask("/mcp/cluster", bad, host=HOST).headers["www-authenticate"]

    assert challenge.startswith('Bearer error="invalid_token", resource_metadata="http://gateway.example.org:443/')


def test_other_apis_name_no_document(stand: Stand) -> None:
    assert ["Bearer"] * 2 == [stand.ask(path).headers["www-authenticate"] for path in ("/v2/topology", "/mcp/clusters")]


@pytest.mark.parametrize("authorization", ["", "Basic YTpi", "Bearer a.b.c"])
def test_the_document_needs_no_token_and_minds_none(stand: Stand, authorization: str) -> None:
    headers = [("authorization", authorization)] if authorization else []

    answer = stand.ask(rules.RESOURCE_METADATA, headers, host=HOST)

    assert (200, f"http://{HOST}") == (answer.status, answer.document["resource"])


@pytest.mark.parametrize("path", ["/v2", "/mcp", f"/{B[:-1]}f/mcp/cluster", "/../v2/topology", f"/{A}/v2/topology"])
def test_nothing_else_is_open_there(stand: Stand, path: str) -> None:
    for headers in ([], stand.bearer()):
        assert 404 == stand.ask(f"{rules.RESOURCE_METADATA}{path}", headers).status


def test_under_an_own_domain_the_document_speaks_of_the_host_that_was_called(with_domain: Stand) -> None:
    hosts = ["local.api.camunda.io", OWN, f"{A}.local.privateconnectivity.camunda.io"]
    resources = [
        with_domain.ask(f"{rules.RESOURCE_METADATA}/{A}/mcp/cluster", host=host).document["resource"] for host in hosts
    ]
    other = with_domain.ask(f"{rules.RESOURCE_METADATA}/{B}/mcp/cluster", host=OWN)

    assert [f"https://{host}/{A}/mcp/cluster" for host in hosts] == resources
    assert 404 == other.status
