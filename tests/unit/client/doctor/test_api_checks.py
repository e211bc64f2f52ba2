import pytest

from gatekey.client.doctor.api_checks import (
    api_request,
    check_rest_address,
    judge_guard,
    judge_rest,
    judge_secrets,
    secrets_url,
    topology_url,
)
from gatekey.client.doctor.model import Outcome
from gatekey.client.http import HttpResponse
from gatekey.oauth.secret_text import SecretText


def test_a_call_carries_the_token_only_where_one_is_given() -> None:
    with_token = dict(api_request("http://localhost/", SecretText("t")).headers)

    assert "Bearer t" == with_token["Authorization"]
    assert "Authorization" not in dict(api_request("http://localhost/", None).headers)


@pytest.mark.parametrize("address", ["http://host/cluster", "http://host/cluster/"])
def test_the_version_is_appended_to_the_rest_address(address: str) -> None:
    assert check_rest_address(address) is None
    assert "http://host/cluster/v2/topology" == topology_url(address)


@pytest.mark.parametrize("address", ["http://host/v2", "http://host/cluster/v1/", "host/cluster", "http://"])
def test_a_rest_address_with_its_version_or_without_a_host_is_wrong(address: str) -> None:
    finding = check_rest_address(address)

    assert finding is not None
    assert Outcome.WRONG is finding.outcome


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
    finding = judge_rest(HttpResponse(status))

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
    finding = judge_secrets(HttpResponse(status, (), body))

    assert outcome is finding.outcome
    assert words in finding.found
    assert "hidden" not in finding.found
    assert "NAME" not in finding.found
