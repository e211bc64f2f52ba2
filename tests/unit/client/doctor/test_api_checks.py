import pytest

from gatekey.client.config.settings import SettingsPlace
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
from gatekey.client.doctor.model import CheckOutcome, CheckResult, GrpcStatus
from gatekey.client.http import HttpResponse
from gatekey.oauth.secret_text import SecretText


def test_a_call_carries_the_token_only_where_one_is_given() -> None:
    with_token = dict(api_request("http://localhost/", SecretText("t")).headers)

    assert "Bearer t" == with_token["Authorization"]
    assert "Authorization" not in dict(api_request("http://localhost/", None).headers)


@pytest.mark.parametrize("address", ["http://host/cluster", "http://host/cluster/"])
def test_the_version_is_appended_to_the_rest_address(address: str) -> None:
    assert "http://host/cluster/v2/topology" == url_of(REST, SettingsPlace("f", {"ZEEBE_REST_ADDRESS": address}), "")


@pytest.mark.parametrize("address", ["http://host/v2", "http://host/cluster/v1/", "host/cluster", "http://"])
def test_a_rest_address_with_its_version_or_without_a_host_is_wrong(address: str) -> None:
    finding = url_of(REST, SettingsPlace("f", {"ZEEBE_REST_ADDRESS": address}), "")

    assert isinstance(finding, CheckResult)
    assert CheckOutcome.WRONG is finding.outcome


def test_the_call_of_each_component_goes_below_its_own_address() -> None:
    bases = {f"CAMUNDA_{word}_BASE_URL": f"http://host/{word}/" for word in ("TASKLIST", "OPERATE", "OPTIMIZE")}
    urls = [url_of(api, SettingsPlace("f", bases), "http://host/oauth/token") for api in APIS]

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
        (401, CheckOutcome.FINE),
        (403, CheckOutcome.FINE),
        (200, CheckOutcome.WARNING),
        (204, CheckOutcome.WARNING),
        (302, CheckOutcome.SKIPPED),
        (404, CheckOutcome.SKIPPED),
        (503, CheckOutcome.SKIPPED),
    ],
)
def test_an_api_that_answers_without_a_token_is_pointed_out(status: int, outcome: CheckOutcome) -> None:
    assert outcome is judge_guard(HttpResponse(status)).outcome


@pytest.mark.parametrize(
    ("status", "outcome", "cure"),
    [
        (200, CheckOutcome.FINE, ""),
        (401, CheckOutcome.WRONG, "audience"),
        (403, CheckOutcome.WRONG, "scope"),
        (404, CheckOutcome.WRONG, "8.6"),
        (500, CheckOutcome.WRONG, "cluster runs"),
        (503, CheckOutcome.WRONG, "cluster runs"),
        (302, CheckOutcome.WRONG, "REST address"),
    ],
)
def test_each_answer_with_a_token_is_explained(status: int, outcome: CheckOutcome, cure: str) -> None:
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
        (200, b'{"NAME":"hidden","OTHER":"hidden"}', CheckOutcome.FINE, "2 in the cluster"),
        (200, b"<html>hidden", CheckOutcome.WRONG, "no JSON object"),
        (200, b"7", CheckOutcome.WRONG, "no JSON object"),
        (401, b"hidden", CheckOutcome.WRONG, "401"),
        (403, b"hidden", CheckOutcome.WRONG, "403"),
        (500, b"hidden", CheckOutcome.WRONG, "500"),
    ],
)
def test_of_the_secrets_only_their_number_is_told(status: int, body: bytes, outcome: CheckOutcome, words: str) -> None:
    finding = judge_api(APIS[-1], HttpResponse(status, (), body))

    assert outcome is finding.outcome
    assert words in finding.found
    assert "hidden" not in finding.found
    assert "NAME" not in finding.found


@pytest.mark.parametrize(
    ("code", "outcome", "cure"),
    [
        ("OK", CheckOutcome.FINE, ""),
        ("UNAUTHENTICATED", CheckOutcome.WRONG, "audience"),
        ("PERMISSION_DENIED", CheckOutcome.WRONG, "scope"),
        ("UNAVAILABLE", CheckOutcome.WRONG, "cluster runs"),
        ("DEADLINE_EXCEEDED", CheckOutcome.WRONG, "cluster runs"),
    ],
)
def test_each_end_of_a_grpc_call_is_explained(code: str, outcome: CheckOutcome, cure: str) -> None:
    finding = judge_grpc(GrpcStatus(code, "the server's words"))

    assert outcome is finding.outcome
    assert cure in finding.cure
    assert outcome is CheckOutcome.FINE or f"({code}: the server's words)" in finding.found


def test_an_api_that_a_cluster_does_not_have_is_a_warning() -> None:
    assert [CheckOutcome.WARNING] * 3 == [judge_api(api, HttpResponse(404)).outcome for api in APIS[:3]]
