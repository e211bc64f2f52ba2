import pytest

from gatekey.client.config.settings import Place
from gatekey.client.doctor.api_checks import (
    APIS,
    REST,
    api_request,
    judge_api,
    judge_grpc,
    judge_guard,
    secrets_url,
    url_of,
)
from gatekey.client.doctor.model import Finding, GrpcStatus, Outcome
from gatekey.client.http import HttpResponse
from gatekey.oauth.secret_text import SecretText


def test_a_call_carries_the_token_only_where_one_is_given() -> None:
    with_token = dict(api_request("http://localhost/", SecretText("t")).headers)

    assert "Bearer t" == with_token["Authorization"]
    assert "Authorization" not in dict(api_request("http://localhost/", None).headers)


@pytest.mark.parametrize("address", ["http://host/cluster", "http://host/cluster/"])
def test_the_version_is_appended_to_the_rest_address(address: str) -> None:
    assert "http://host/cluster/v2/topology" == url_of(REST, Place("f", {"ZEEBE_REST_ADDRESS": address}), "")


@pytest.mark.parametrize("address", ["http://host/v2", "http://host/cluster/v1/", "host/cluster", "http://"])
def test_a_rest_address_with_its_version_or_without_a_host_is_wrong(address: str) -> None:
    finding = url_of(REST, Place("f", {"ZEEBE_REST_ADDRESS": address}), "")

    assert isinstance(finding, Finding)
    assert Outcome.WRONG is finding.outcome


def test_the_call_of_each_component_goes_below_its_own_address() -> None:
    bases = {f"CAMUNDA_{word}_BASE_URL": f"http://host/{word}/" for word in ("TASKLIST", "OPERATE", "OPTIMIZE")}
    urls = [url_of(api, Place("f", bases), "http://host/oauth/token") for api in APIS]

    assert [
        "http://host/TASKLIST/v1/tasks/search",
        "http://host/OPERATE/v1/process-definitions/search",
        "http://host/OPTIMIZE/api/readyz",
        "http://host/secrets",
    ] == urls


def test_a_call_with_a_body_is_a_post_of_json() -> None:
    request = api_request("http://localhost/", None, b"{}")

    assert ("POST", b"{}") == (request.method, request.body)
    assert ("Content-Type", "application/json") in request.headers
    assert "GET" == api_request("http://localhost/", None).method


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, Outcome.FINE),
        (403, Outcome.FINE),
        (200, Outcome.WARNING),
        (204, Outcome.WARNING),
        (302, Outcome.SKIPPED),
        (404, Outcome.SKIPPED),
        (503, Outcome.SKIPPED),
    ],
)
def test_an_api_that_answers_without_a_token_is_pointed_out(status: int, outcome: Outcome) -> None:
    assert outcome is judge_guard(HttpResponse(status)).outcome


@pytest.mark.parametrize(
    ("status", "outcome", "cure"),
    [
        (200, Outcome.FINE, ""),
        (401, Outcome.WRONG, "audience"),
        (403, Outcome.WRONG, "scope"),
        (404, Outcome.WRONG, "8.6"),
        (500, Outcome.WRONG, "cluster runs"),
        (503, Outcome.WRONG, "cluster runs"),
        (302, Outcome.WRONG, "REST address"),
    ],
)
def test_each_answer_with_a_token_is_explained(status: int, outcome: Outcome, cure: str) -> None:
    finding = judge_api(REST, HttpResponse(status))

    assert outcome is finding.outcome
    assert cure in finding.cure


@pytest.mark.parametrize(
    ("token_url", "url"),
    [
        ("http://localhost:8400/oauth/token", "http://localhost:8400/secrets"),
        ("https://host/prefix/oauth/token/", "https://host/prefix/secrets"),
        ("https://login.cloud.camunda.io/oauth/token", "https://cluster-api.cloud.camunda.io/secrets"),
        ("https://keycloak/realms/x/protocol/openid-connect/token", None),
    ],
)
def test_the_secrets_api_is_found_from_the_token_url(token_url: str, url: str | None) -> None:
    assert url == secrets_url(token_url)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "words"),
    [
        (200, b'{"NAME":"hidden","OTHER":"hidden"}', Outcome.FINE, "2 in the cluster"),
        (200, b"<html>hidden", Outcome.WRONG, "no JSON object"),
        (200, b"7", Outcome.WRONG, "no JSON object"),
        (401, b"hidden", Outcome.WRONG, "401"),
        (403, b"hidden", Outcome.WRONG, "403"),
        (500, b"hidden", Outcome.WRONG, "500"),
    ],
)
def test_of_the_secrets_only_their_number_is_told(status: int, body: bytes, outcome: Outcome, words: str) -> None:
    finding = judge_api(APIS[-1], HttpResponse(status, (), body))

    assert outcome is finding.outcome
    assert words in finding.found
    assert "hidden" not in finding.found
    assert "NAME" not in finding.found


@pytest.mark.parametrize(
    ("code", "outcome", "cure"),
    [
        ("OK", Outcome.FINE, ""),
        ("UNAUTHENTICATED", Outcome.WRONG, "audience"),
        ("PERMISSION_DENIED", Outcome.WRONG, "scope"),
        ("UNAVAILABLE", Outcome.WRONG, "cluster runs"),
        ("DEADLINE_EXCEEDED", Outcome.WRONG, "cluster runs"),
    ],
)
def test_each_end_of_a_grpc_call_is_explained(code: str, outcome: Outcome, cure: str) -> None:
    finding = judge_grpc(GrpcStatus(code, "the server's words"))

    assert outcome is finding.outcome
    assert cure in finding.cure
    assert outcome is Outcome.FINE or f"({code}: the server's words)" in finding.found


def test_an_api_that_a_cluster_does_not_have_is_a_warning() -> None:
    assert [Outcome.WARNING] * 3 == [judge_api(api, HttpResponse(404)).outcome for api in APIS[:3]]
