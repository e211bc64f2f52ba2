import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.client.answer import ASSUMED_LIFETIME, LONGEST_LIFETIME, TokenAnswer, read_answer, read_claims
from gatekey.client.failures import Failure, FailureKind
from gatekey.client.http import HttpResponse
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.token_answer import encode_error, encode_success

DATE = (("Date", "Mon, 23 Nov 2026 07:00:00 GMT"),)
NOW = 1795417200

visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
words = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"\\'), max_size=300)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
fields = st.dictionaries(
    st.sampled_from(["access_token", "token_type", "expires_in", "scope", "error", "error_description"]), json_values
)


def answer(status: int = 200, headers: tuple[tuple[str, str], ...] = (), **members: Any) -> HttpResponse:
    return HttpResponse(status, headers, json.dumps(members).encode())


def jwt(**claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.sig"


def granted(response: HttpResponse) -> TokenAnswer:
    answer = read_answer(response)
    assert isinstance(answer, TokenAnswer)
    return answer


def failed(response: HttpResponse) -> Failure:
    answer = read_answer(response)
    assert isinstance(answer, Failure)
    return answer


@given(visible, st.integers(min_value=0, max_value=LONGEST_LIFETIME), words)
def test_what_the_service_writes_is_what_the_client_reads(token: str, expires_in: int, scope: str) -> None:
    response = HttpResponse(200, (), encode_success(token, expires_in, scope))

    assert TokenAnswer(SecretText(token), expires_in, scope) == read_answer(response)


@given(words.filter(bool), words.filter(bool))
def test_a_refusal_keeps_its_words(error: str, description: str) -> None:
    refusal = failed(HttpResponse(400, (), encode_error(error, description)))

    assert (error, description) == (refusal.error, refusal.description)


def test_a_server_that_repeats_the_secret_does_not_make_us_repeat_it() -> None:
    told = HttpResponse(401, (), encode_error("invalid_client", "wrong hidden!"))
    refusal = read_answer(told, SecretText("hidden"))

    assert isinstance(refusal, Failure)
    assert "wrong …!" == refusal.description


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (3600, 3600),
        ("3600", 3600),
        (59.9, 59),
        (-5, 0),
        (10**400, ASSUMED_LIFETIME),
        (10**30, LONGEST_LIFETIME),
        ("soon", ASSUMED_LIFETIME),
        ("nan", ASSUMED_LIFETIME),
        (True, ASSUMED_LIFETIME),
        (None, ASSUMED_LIFETIME),
    ],
)
def test_a_lifetime_is_read_however_it_is_written(told: object, seconds: int) -> None:
    assert seconds == granted(answer(access_token="opaque", expires_in=told)).expires_in


@pytest.mark.parametrize(
    ("headers", "claims", "seconds"),
    [
        (DATE, {"exp": NOW + 60, "iat": NOW - 60}, 60),
        ((), {"exp": NOW + 60, "iat": NOW - 60}, 120),
        (DATE, {"exp": NOW - 60}, 0),
        ((), {"exp": NOW + 60}, ASSUMED_LIFETIME),
        (DATE, {}, ASSUMED_LIFETIME),
    ],
)
def test_without_expires_in_the_tokens_own_expiry_counts(
    headers: tuple[tuple[str, str], ...], claims: dict[str, int], seconds: int
) -> None:
    assert seconds == granted(answer(headers=headers, access_token=jwt(**claims))).expires_in


@pytest.mark.parametrize(("left", "seconds"), [(60, 60), (7200, 3600), (-60, 3600)])
def test_of_expires_in_and_the_tokens_own_expiry_the_shorter_counts_unless_it_was_over_before(
    left: int, seconds: int
) -> None:
    read = granted(answer(headers=DATE, access_token=jwt(exp=NOW + left), expires_in=3600))

    assert seconds == read.expires_in


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_the_token_type_is_bearer_in_any_case(kind: str) -> None:
    assert "t" == granted(answer(access_token="t", token_type=kind, expires_in=1)).access_token.reveal()


@pytest.mark.parametrize("kind", ["DPoP", "mac", None, 1])
def test_a_token_of_a_type_we_do_not_understand_is_not_used(kind: object) -> None:
    assert "no Bearer token" in failed(answer(access_token="t", token_type=kind)).message


@pytest.mark.parametrize(
    ("told", "scope"), [("a b", "a b"), (["a", 1, "b"], "a b"), ([], ""), (None, ""), (7, ""), ({}, "")]
)
def test_a_scope_may_be_text_a_list_or_nothing(told: object, scope: str) -> None:
    assert scope == granted(answer(access_token="t", expires_in=1, scope=told)).scope


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"\xff\xfe\xff",
        b"[" * 100_000,
        b"{}",
        b'{"access_token":""}',
        b'{"access_token":7}',
        b'{"access_token":"two words"}',
        b'{"access_token":"line\\nbreak"}',
        '{"access_token":"\u00fc"}'.encode(),
    ],
)
def test_a_200_without_a_usable_token_is_malformed(body: bytes) -> None:
    failure = failed(HttpResponse(200, (), body))

    assert (FailureKind.MALFORMED, 200) == (failure.kind, failure.status)


def test_an_error_inside_a_200_is_a_refusal() -> None:
    refusal = failed(answer(error="access_denied"))

    assert (FailureKind.REFUSED, "access_denied", "it gave no reason") == (
        refusal.kind,
        refusal.error,
        refusal.description,
    )


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_carries_the_servers_words_and_ours(status: int) -> None:
    refusal = failed(answer(status, error="invalid_client", error_description="no"))

    assert ("invalid_client", "no", status) == (refusal.error, refusal.description, refusal.status)
    assert refusal.hint
    assert not refusal.kind.passing


@pytest.mark.parametrize("body", [b"<html>401</html>", b'{"error":7}', b'{"error":""}', b""])
def test_a_refusal_without_words_is_still_a_refusal(body: bytes) -> None:
    refusal = failed(HttpResponse(401, (), body))

    assert (FailureKind.REFUSED, 401, "unauthorized") == (refusal.kind, refusal.status, refusal.error)


def test_a_refusal_with_an_unreadable_description_keeps_its_code() -> None:
    refusal = failed(answer(400, error="x", error_description=[1]))

    assert ("x", "it gave no reason") == (refusal.error, refusal.description)


def test_a_servers_words_cannot_steer_the_terminal_or_fill_the_log() -> None:
    told = failed(answer(400, error="bad\x1b[2J", error_description="x\r\n" * 1000))

    assert "bad?[2J" == told.error
    assert 300 == len(told.description)
    assert "\n" not in told.description


@pytest.mark.parametrize(("headers", "seconds"), [((("Retry-After", "7"),), 7.0), ((), 1.0)])
def test_a_429_says_how_long_to_wait(headers: tuple[tuple[str, str], ...], seconds: float) -> None:
    limited = failed(HttpResponse(429, headers))

    assert (FailureKind.LIMITED, seconds) == (limited.kind, limited.retry_after)
    assert limited.kind.passing


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_trouble_of_the_server_is_no_refusal(status: int) -> None:
    trouble = failed(HttpResponse(status, (("Retry-After", "7"),)))

    assert (FailureKind.UNAVAILABLE, 7.0) == (trouble.kind, trouble.retry_after)
    assert f"answered {status}" in trouble.message


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 404, 405, 418])
def test_what_no_token_endpoint_answers_is_malformed(status: int) -> None:
    failure = failed(answer(status, access_token="t"))

    assert (FailureKind.MALFORMED, status) == (failure.kind, failure.status)
    assert str(status) in failure.message


@pytest.mark.parametrize("token", ["opaque", "a.b", "a.%.c", "a.e30x.c", "a.W10.c", "a.\u00fc.c"])
def test_a_token_that_is_no_jwt_claims_nothing(token: str) -> None:
    assert read_claims(SecretText(token)) is None


def test_a_jwt_tells_its_claims() -> None:
    assert {"aud": "zeebe.camunda.io"} == read_claims(SecretText(jwt(aud="zeebe.camunda.io")))


@given(st.integers(min_value=200, max_value=599), fields)
def test_no_failure_holds_the_body(status: int, members: dict[str, Any]) -> None:
    members.setdefault("access_token", "kept-out-of-errors")
    told = read_answer(answer(status, **members))

    assert isinstance(told, TokenAnswer) or "kept-out-of-errors" not in f"{told} {told.error_at(0, 1, 1)}"


@given(st.binary())
def test_any_bytes_are_read(body: bytes) -> None:
    assert failed(HttpResponse(200, (), body))
