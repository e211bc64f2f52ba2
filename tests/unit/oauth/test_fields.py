import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.oauth.fields import FIELD_LIMIT, FORM, JSON, PARAMETERS, VALUE_LIMIT, Fields, UnreadableError, read_fields

FIELDS = {
    "grant_type": "client_credentials",
    "client_id": "an-id",
    "client_secret": "a-secret",
    "audience": "zeebe.camunda.io",
}


def form(**changes: str) -> bytes:
    return urlencode({**FIELDS, **changes}).encode()


def in_json(**changes: object) -> bytes:
    return json.dumps({**FIELDS, **changes}).encode()


def refusal(content_type: str, body: bytes) -> str:
    with pytest.raises(UnreadableError) as raised:
        read_fields(content_type, body)
    return raised.value.malformed.error


@pytest.mark.parametrize(
    "content_type",
    [
        FORM,
        "",
        "APPLICATION/X-WWW-FORM-URLENCODED",
        " application/x-www-form-urlencoded ",
        "application/x-www-form-urlencoded;charset=UTF-8",
        "application/x-www-form-urlencoded; charset=utf8",
        'application/x-www-form-urlencoded; charset="utf-8"',
        "application/x-www-form-urlencoded ; Charset = UTF-8",
        "application/x-www-form-urlencoded;",
        "application/x-www-form-urlencoded; charset=utf-8;",
        "application/x-www-form-urlencoded; charset=utf-8; version=1",
        "application/x-www-form-urlencoded; version=1; charset=utf-8",
    ],
)
def test_a_form_is_read_whatever_is_said_beside_its_type(content_type: str) -> None:
    assert read_fields(content_type, form()) == FIELDS


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_json_is_read_too(content_type: str) -> None:
    assert read_fields(content_type, in_json()) == FIELDS


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/xml",
        "application/x-www-form-urlencoded, application/json",
        "application/x-www-form-urlencoded; charset=utf-7",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=utf-8; charset=utf-7",
        "application/json; charset=iso-8859-1",
        "\x00",
        "; charset=latin-1",
    ],
)
def test_other_types_and_character_sets_are_refused(content_type: str) -> None:
    assert refusal(content_type, form()) == "invalid_request"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", {}),
        (b"client_id=an-id&x=y", {"client_id": "an-id", "x": "y"}),
        (b"client_secret=a%2Db+c%7E&audience=a b+c", {"client_secret": "a-b c~", "audience": "a b c"}),
        (b"client_id=an=id&client_secret=a=secret==", {"client_id": "an=id", "client_secret": "a=secret=="}),
        (b"&", {}),
        (b"client_id=an-id&", {"client_id": "an-id"}),
        (b"&&client_id=an-id&&x=y&", {"client_id": "an-id", "x": "y"}),
        (b"client_id=a%2Db&&x=y&", {"client_id": "a-b", "x": "y"}),
        (b"client_id=an-id\n", {"client_id": "an-id"}),
        (b"client_id=a%2Db\r\n", {"client_id": "a-b"}),
        (b"\xef\xbb\xbfclient_id=an-id", {"client_id": "an-id"}),
        (b"resource=urn:a&x=y&resource=urn:b", {"resource": "urn:a urn:b", "x": "y"}),
        ("client_id=ü&client_secret=%C3%BC".encode(), {"client_id": "ü", "client_secret": "ü"}),
    ],
)
def test_forms_are_decoded_as_real_clients_write_them(body: bytes, expected: Fields) -> None:
    assert expected == read_fields(FORM, body)


@pytest.mark.parametrize(
    "body",
    [
        b"client_id",
        b"client_id&client_secret",
        b"\xff\xfe",
        b"client_id=%FF&client_secret=x",
        b"client_id=a%00b&client_secret=x",
        b"client_id=a\x00b&client_secret=x",
        form() + b"&client_id=an-id",
        form() + b"&client_secret=a-secret",
        form() + b"&grant_type=client_credentials",
        form() + b"&audience=zeebe.camunda.io",
        form() + b"&scope=&scope=",
        form() + b"&unknown=1&unknown=2",
        form() + b"&client%5Fid=an-id",
        form(audience="a" * (VALUE_LIMIT + 1)),
        b"&".join(b"f%d=1" % number for number in range(FIELD_LIMIT + 1)),
        json.dumps(FIELDS).encode(),
    ],
)
def test_a_form_that_cannot_be_read_or_says_things_twice_is_refused(body: bytes) -> None:
    assert refusal(FORM, body) == "invalid_request"


def test_the_longest_value_and_the_most_fields_are_taken() -> None:
    many = {f"f{number}": "x" for number in range(FIELD_LIMIT - len(FIELDS))}

    assert {**FIELDS, **many} == read_fields(FORM, form(**many))
    assert read_fields(FORM, form(audience="a" * VALUE_LIMIT))["audience"] == "a" * VALUE_LIMIT


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_a_parameter_without_a_value_counts_as_left_out(name: str) -> None:
    """
    RFC 6749 section 3.2.
    """
    left_out = {other: value for other, value in FIELDS.items() if other != name}

    assert left_out == read_fields(FORM, form(**{name: ""}))
    assert left_out == read_fields(JSON, in_json(**{name: ""}))
    assert left_out == read_fields(JSON, in_json(**{name: None}))


def test_json_may_begin_with_a_byte_order_mark_and_end_with_a_line() -> None:
    assert read_fields(JSON, in_json()) == read_fields(JSON, b"\xef\xbb\xbf" + in_json() + b"\r\n")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"true",
        b"1",
        b'"text"',
        b"[]",
        b'[["client_id","a"]]',
        b"{",
        in_json() + b"x",
        in_json().decode().encode("utf-16"),
        in_json().decode().encode("utf-32"),
        in_json(client_id=1),
        in_json(client_secret=["a-secret"]),
        in_json(client_secret={"$ne": ""}),
        in_json(audience=["zeebe.camunda.io"]),
        in_json(audience=False),
        in_json(scope=float("nan")),
        in_json(grant_type=float("inf")),
        in_json(client_secret="a\x00b"),
        in_json(client_id="\ud800"),
        in_json(client_secret="\udfff"),
        in_json(audience="\ud83d"),
        in_json(**{"\ud800": "x"}),
        in_json(audience="a" * (VALUE_LIMIT + 1)),
        b'{"client_id":"a","client_id":"a","client_secret":"b"}',
        b'{"client_id":"a","client_secret":"b","client\\u005fid":"a"}',
        b'{"client_id":"a","client_secret":"b","x":1,"x":2}',
        json.dumps({f"f{number}": "" for number in range(FIELD_LIMIT + 1)}).encode(),
        b"[" * 10_000,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"client_id":"a","client_secret":"b","n":' + b"9" * 5_000 + b"}",
        form(),
    ],
)
def test_json_that_cannot_be_read_or_says_things_twice_is_refused(body: bytes) -> None:
    assert refusal(JSON, body) == "invalid_request"


@pytest.mark.parametrize("value", [1, False, ["text"], {"$ne": ""}])
@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_every_parameter_is_text(name: str, value: object) -> None:
    assert refusal(JSON, json.dumps({name: value}).encode()) == "invalid_request"


@pytest.mark.parametrize(
    "extra",
    [
        {"n": 1},
        {"n": 1.5},
        {"n": float("nan")},
        {"n": float("inf")},
        {"n": [1]},
        {"n": {"client_id": "x"}},
        {"n": None},
    ],
)
def test_strangers_in_json_are_left_alone(extra: dict[str, Any]) -> None:
    """
    RFC 6749 section 3.2: unrecognised parameters are ignored.
    """
    assert read_fields(JSON, in_json(**extra)) == FIELDS


def test_no_refusal_repeats_what_was_sent() -> None:
    sent = "gks_should-never-be-seen"
    refusals = []
    for content_type, body in [
        (JSON, sent.encode()),
        (FORM, f"{sent}&{sent}".encode()),
        (sent, sent.encode()),
        (f"{FORM}; charset={sent}", b""),
        (FORM, f"{sent}=1&{sent}=2".encode()),
        (FORM, f"client_id={sent}%00".encode()),
        (JSON, in_json(client_secret=[sent])),
    ]:
        with pytest.raises(UnreadableError) as raised:
            read_fields(content_type, body)
        refusals.append(raised.value)

    assert not [refusal for refusal in refusals if sent in f"{refusal!r} {refusal.malformed!r}"]


names = st.sampled_from([*FIELDS, "x"])
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)


@given(st.dictionaries(st.one_of(names, words), words, max_size=8))
def test_a_form_and_json_say_the_same(fields: Fields) -> None:
    expected = {name: value for name, value in fields.items() if value}

    assert expected == read_fields(FORM, urlencode(fields).encode())
    assert expected == read_fields(JSON, json.dumps(fields).encode())
