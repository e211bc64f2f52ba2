from dataclasses import replace
from typing import Any

import pytest

from gatekey.client.answer import TokenAnswer
from gatekey.client.config.settings import ClientSettings
from gatekey.client.doctor.model import CheckOutcome
from gatekey.client.doctor.token_checks import budget, check_claims, check_clock, check_url, judge_answer, spoken
from gatekey.client.http import HttpResponse
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.token_answer import encode_error, encode_success
from gatekey.oauth.vocabulary import CLIENT_CLAIM, CLUSTER_CLAIM

NOW = 1795417200.0
DATED = HttpResponse(200, (("Date", "Mon, 23 Nov 2026 07:00:00 GMT"),))
SETTINGS = ClientSettings("http://localhost:8400/oauth/token", "id", SecretText("hidden"), "zeebe.camunda.io")
ANSWER = TokenAnswer(SecretText("t"), 3600)
CLAIMS: dict[str, Any] = {
    "aud": "zeebe.camunda.io",
    "iat": NOW,
    "exp": NOW + 3600,
    CLUSTER_CLAIM: "cluster",
    CLIENT_CLAIM: "id",
}


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("https://login.example.org/oauth/token", CheckOutcome.FINE),
        ("http://localhost:8400/oauth/token", CheckOutcome.FINE),
        ("http://gatekey.localhost/oauth/token", CheckOutcome.FINE),
        ("http://127.0.0.2/oauth/token", CheckOutcome.FINE),
        ("http://[::1]/oauth/token", CheckOutcome.FINE),
        ("http://192.0.2.1/oauth/token", CheckOutcome.WARNING),
        ("http://login.example.org/oauth/token", CheckOutcome.WARNING),
    ],
)
def test_a_secret_travels_unencrypted_only_within_the_machine(url: str, outcome: CheckOutcome) -> None:
    assert outcome is check_url(replace(SETTINGS, token_url=url)).outcome


@pytest.mark.parametrize(
    ("skew", "outcome", "words"),
    [
        (0, CheckOutcome.FINE, "agrees"),
        (5, CheckOutcome.FINE, "agrees"),
        (-30, CheckOutcome.WARNING, "30 s behind"),
        (60, CheckOutcome.WARNING, "60 s ahead of"),
        (-300, CheckOutcome.WRONG, "5 min behind"),
        (7200, CheckOutcome.WRONG, "2 h ahead of"),
    ],
)
def test_the_clock_is_compared_with_the_servers(skew: float, outcome: CheckOutcome, words: str) -> None:
    finding = check_clock(DATED, NOW + skew)

    assert outcome is finding.outcome
    assert words in finding.found


def test_a_server_without_a_date_leaves_the_clock_open() -> None:
    assert CheckOutcome.SKIPPED is check_clock(HttpResponse(200), NOW).outcome


def test_a_granted_token_is_fine() -> None:
    finding, answer = judge_answer(HttpResponse(200, (), encode_success("t", 86_400, "cluster")), SETTINGS)

    assert "granted for zeebe.camunda.io, valid for 24 h" == finding.found
    assert TokenAnswer(SecretText("t"), 86_400, "cluster") == answer


def test_a_token_that_has_already_expired_is_wrong() -> None:
    finding, answer = judge_answer(
        HttpResponse(200, (), encode_success("t", 0, "cluster")), replace(SETTINGS, audience=None)
    )

    assert CheckOutcome.WRONG is finding.outcome
    assert "no particular audience" in finding.found
    assert answer is not None


@pytest.mark.parametrize(
    ("status", "word", "cure"),
    [
        (400, "(400 some_error): no \u2026", "Check the audience"),
        (401, "(401 some_error)", "deleted"),
        (403, "(403 some_error)", "scope"),
        (404, "404", "token URL"),
        (429, "wait", "this address"),
        (503, "503", "Nothing is wrong with your credentials"),
    ],
)
def test_each_refusal_is_explained_with_a_cure_and_without_the_secret(status: int, word: str, cure: str) -> None:
    finding, answer = judge_answer(HttpResponse(status, (), encode_error("some_error", "no hidden")), SETTINGS)

    assert answer is None
    assert CheckOutcome.WRONG is finding.outcome
    assert word in finding.found
    assert cure in finding.cure
    assert "hidden" not in finding.found


@pytest.mark.parametrize(
    ("changes", "outcome", "words"),
    [
        ({}, CheckOutcome.FINE, "fit the file"),
        ({"aud": ["other", "zeebe.camunda.io"]}, CheckOutcome.FINE, "fit"),
        ({"aud": "operate.camunda.io"}, CheckOutcome.WRONG, "operate.camunda.io, not zeebe.camunda.io"),
        ({"aud": None}, CheckOutcome.WRONG, "None, not zeebe.camunda.io"),
        ({CLUSTER_CLAIM: "other"}, CheckOutcome.WRONG, "cluster other, the file for cluster"),
        ({CLUSTER_CLAIM: None}, CheckOutcome.FINE, "fit"),
        ({CLIENT_CLAIM: "other"}, CheckOutcome.WRONG, "another client"),
        ({"exp": None}, CheckOutcome.WARNING, "does not say"),
        ({"iat": "x"}, CheckOutcome.WARNING, "does not say"),
        ({"exp": NOW + 7200}, CheckOutcome.WARNING, "the token says 2 h, the answer 60 min"),
        ({"exp": NOW + 60}, CheckOutcome.WARNING, "the token says 60 s"),
        ({"exp": NOW + 3594}, CheckOutcome.WARNING, "the answer 60 min"),
        ({"exp": NOW + 3595}, CheckOutcome.FINE, "fit"),
        ({"exp": NOW + 3605}, CheckOutcome.FINE, "fit"),
        ({"exp": NOW + 4000}, CheckOutcome.FINE, "fit"),
        ({"exp": NOW + 4100}, CheckOutcome.WARNING, "the answer 60 min"),
    ],
)
def test_claims_are_compared_with_the_file(changes: dict[str, Any], outcome: CheckOutcome, words: str) -> None:
    finding = check_claims(CLAIMS | changes, ANSWER, SETTINGS, "cluster")

    assert outcome is finding.outcome
    assert words in finding.found


def test_the_long_zeebe_audience_is_granted_in_its_short_form() -> None:
    settings = replace(SETTINGS, audience="c.bru-2.zeebe.camunda.io")

    assert CheckOutcome.FINE is check_claims(CLAIMS, ANSWER, settings, None).outcome


def test_without_an_audience_any_will_do() -> None:
    assert CheckOutcome.FINE is check_claims(CLAIMS, ANSWER, replace(SETTINGS, audience=None), None).outcome


def test_an_opaque_token_claims_nothing() -> None:
    assert CheckOutcome.SKIPPED is check_claims(None, ANSWER, SETTINGS, "cluster").outcome


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (86_400, "24 h")],
)
def test_durations_are_spoken_in_one_unit(seconds: float, words: str) -> None:
    assert words == spoken(seconds)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("RateLimit", '"default";r=9;t=1', ", 9 more requests are within the rate limit"),
        ("ratelimit", "limit=10, remaining=8, reset=1", ", 8 more requests are within the rate limit"),
        ("RateLimit-Remaining", "7", ", 7 more requests are within the rate limit"),
        ("X-RateLimit-Remaining", "0", ", 0 more requests are within the rate limit"),
        ("X-RateLimit-Remaining", "plenty", ""),
        ("Date", "7", ""),
    ],
)
def test_what_is_left_of_the_rate_limit_is_told_where_the_server_tells(name: str, value: str, words: str) -> None:
    assert words == budget(HttpResponse(200, ((name, value),)))
