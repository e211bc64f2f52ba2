import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.client.cache.ports import CacheKey
from gatekey.client.cache.record import (
    FORMAT,
    CredentialRecord,
    EndpointRecord,
    decode_credential,
    decode_endpoint,
    encode_credential,
    encode_endpoint,
    record_of,
)
from gatekey.client.failures import Failure, FailureKind, TransportErrorKind
from gatekey.client.policy import Backoff
from gatekey.client.token import Token
from gatekey.oauth.secret_text import SecretText

times = st.floats(0, 4e9)
failures = st.builds(
    Failure,
    st.sampled_from(FailureKind),
    st.text(),
    st.text(),
    st.integers(0, 599),
    st.text(),
    st.text(),
    st.none() | times,
    st.none() | st.sampled_from(TransportErrorKind),
)
backoffs = st.builds(Backoff, failures, times, times, st.integers(1, 100))
visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
tokens = st.builds(Token, st.builds(SecretText, visible), times, times, times, st.text())
credentials = st.builds(
    CredentialRecord,
    st.text(),
    st.text(),
    st.none() | st.text(),
    st.none() | st.text(),
    st.none() | tokens,
    st.none() | backoffs,
    st.none() | times,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(credentials)
def test_a_credential_is_read_as_it_was_written(record: CredentialRecord) -> None:
    assert record == decode_credential(encode_credential(record))


@given(st.builds(EndpointRecord, st.text(), st.none() | backoffs))
def test_a_token_endpoint_is_read_as_it_was_written(record: EndpointRecord) -> None:
    assert record == decode_endpoint(encode_endpoint(record))


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_as_if_missing(content: bytes) -> None:
    assert decode_credential(content) is None
    assert decode_endpoint(content) is None


FIELDS = json.loads(
    encode_credential(
        CredentialRecord(
            "u", "c", "a", "s", Token(SecretText("t"), 1, 2, 3), Backoff(Failure(FailureKind.REFUSED, ""), 1, 2), 3.0
        )
    )
)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [[], {}, {"kind": "unknown"}, "text"])
def test_a_field_of_another_kind_never_raises(name: str, value: object) -> None:
    decode_credential(json.dumps({**FIELDS, name: value}).encode())
    without = {key: kept for key, kept in FIELDS.items() if key != name}

    assert decode_credential(json.dumps(without).encode()) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("expires_at", math.nan), ("renew_at", math.inf), ("obtained_at", True), ("access_token", "a\r\nb")],
)
def test_a_token_that_would_be_good_for_ever_or_break_out_of_its_header_is_none(name: str, value: object) -> None:
    token = {**FIELDS["token"], name: value}

    assert decode_credential(json.dumps({**FIELDS, "token": token}).encode()) is None


def test_what_a_newer_version_writes_is_left_alone() -> None:
    assert decode_credential(json.dumps({**FIELDS, "format": FORMAT + 1}).encode()) is None


def test_a_record_does_not_show_its_token() -> None:
    assert "hidden" not in repr(CredentialRecord("u", "c", None, None, Token(SecretText("hidden"), 1, 2, 3)))


def test_a_record_says_whose_it_is_and_nothing_of_the_secret() -> None:
    record = record_of(CacheKey("u", "c", "a", "s", SecretText("hidden")), None, None, 3.0)

    assert CredentialRecord("u", "c", "a", "s", None, None, 3.0) == record
    assert b"hidden" not in encode_credential(record)
