import base64
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.wire.secret_text import SecretText
from gatekey.wire.token_request import (
    BODY_LIMIT,
    FIELD_LIMIT,
    FORM,
    JSON,
    VALUE_LIMIT,
    Malformed,
    TokenRequest,
    claimed_client,
    encode_request,
    read_request,
)

FIELDS = {
    "grant_type": "client_credentials",
    "client_id": "an-id",
    "client_secret": "a-secret",
    "audience": "zeebe.camunda.io",
}


def form(**changes: str | None) -> bytes:
    return urlencode({k: v for k, v in {**FIELDS, **changes}.items() if v is not None}).encode()


def in_json(**changes: object) -> bytes:
    return json.dumps({k: v for k, v in {**FIELDS, **changes}.items() if v is not Ellipsis}).encode()


def without(*names: str) -> bytes:
    return form(**dict.fromkeys(names))


def basic(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return "Basic " + base64.b64encode(raw).decode()


def request_for(client_id: str, secret: str, audience: str | None = None) -> TokenRequest:
    return TokenRequest(client_id, SecretText(secret), audience, used_basic=False)


EXPECTED = request_for("an-id", "a-secret", "zeebe.camunda.io")


def refusal(outcome: TokenRequest | Malformed) -> str:
    assert isinstance(outcome, Malformed)
    return outcome.error


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
    assert read_request(content_type, None, form()) == EXPECTED


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_json_is_read_too(content_type: str) -> None:
    assert read_request(content_type, None, in_json()) == EXPECTED


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
        "application/json; charset=iso-8859-1",
        "\x00",
        "; charset=latin-1",
    ],
)
def test_other_types_and_character_sets_are_refused(content_type: str) -> None:
    assert refusal(read_request(content_type, None, form())) == "invalid_request"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"audience=zeebe.camunda.io&client_secret=a-secret&client_id=an-id&grant_type=client_credentials", EXPECTED),
        (without("grant_type"), EXPECTED),
        (form(scope=""), EXPECTED),
        (form(scope="anything at all"), EXPECTED),
        (form(unknown="x", resource="y"), EXPECTED),
        (without("audience"), request_for("an-id", "a-secret")),
        (form(audience=""), request_for("an-id", "a-secret")),
        (b"client_id=an-id&client_secret=a%2Db+c%7E&audience=a b+c", request_for("an-id", "a-b c~", "a b c")),
        (b"client_id=an=id&client_secret=a=secret==", request_for("an=id", "a=secret==")),
        ("client_id=ü&client_secret=%C3%BC".encode(), request_for("ü", "ü")),
    ],
)
def test_forms_are_read_as_real_clients_write_them(body: bytes, expected: TokenRequest) -> None:
    assert expected == read_request(FORM, None, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"&",
        b"client_id",
        b"client_id&client_secret",
        without("client_id"),
        without("client_secret"),
        form(client_id=""),
        form(client_secret=""),
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
    assert refusal(read_request(FORM, None, body)) == "invalid_request"


def test_the_longest_value_and_the_most_fields_are_taken() -> None:
    many = {f"f{number}": "x" for number in range(FIELD_LIMIT - len(FIELDS))}

    assert read_request(FORM, None, form(**many)) == EXPECTED
    assert isinstance(read_request(FORM, None, form(audience="a" * VALUE_LIMIT)), TokenRequest)


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token", "password", "CLIENT_CREDENTIALS", " "])
def test_there_is_one_grant(grant: str) -> None:
    assert refusal(read_request(FORM, None, form(grant_type=grant))) == "unsupported_grant_type"
    assert refusal(read_request(JSON, None, in_json(grant_type=grant))) == "unsupported_grant_type"


def test_a_parameter_without_a_value_counts_as_left_out() -> None:
    """
    RFC 6749 section 3.2.
    """
    assert read_request(FORM, None, form(grant_type="")) == EXPECTED
    assert read_request(JSON, None, in_json(grant_type="")) == EXPECTED
    assert read_request(JSON, None, in_json(grant_type=None, scope=None)) == EXPECTED


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
        b"{}",
        b"{",
        in_json() + b"x",
        b"\xef\xbb\xbf" + in_json(),
        in_json().decode().encode("utf-16"),
        in_json().decode().encode("utf-32"),
        in_json(client_id=1),
        in_json(client_id=None),
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
    assert refusal(read_request(JSON, None, body)) == "invalid_request"


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
    assert read_request(JSON, None, in_json(**extra)) == EXPECTED


@pytest.mark.parametrize(
    ("authorization", "client_id", "secret"),
    [
        (basic("an-id:a-secret"), "an-id", "a-secret"),
        (basic("an-id:a-secret").replace("Basic", "basic"), "an-id", "a-secret"),
        (basic("an-id:a-secret").replace("Basic", "BASIC"), "an-id", "a-secret"),
        (basic("an-id:a-secret").replace("Basic ", "Basic   "), "an-id", "a-secret"),
        (basic("an-id:a:secret:"), "an-id", "a:secret:"),
        (basic("an%2Did:a%20secret+x"), "an-id", "a secret x"),
        (basic("an-id:100%"), "an-id", "100%"),
        (basic(quote("~._-") + ":" + quote("~._-")), "~._-", "~._-"),
    ],
)
def test_basic_is_decoded(authorization: str, client_id: str, secret: str) -> None:
    expected = TokenRequest(client_id, SecretText(secret), "zeebe.camunda.io", used_basic=True)

    assert expected == read_request(FORM, authorization, without("client_id", "client_secret"))


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic ",
        "Basic\tYTpi",
        "Bearer YTpi",
        "Digest YTpi",
        "BasicYTpi",
        "YTpi",
        "Basic !!!!",
        "Basic YTp",
        "Basic YTpiYw==YTpi",
        "Basic YTpi, Basic YTpi",
        "Basic YT pi",
        "Basic YTpiw\u00fc==",
        basic("no-colon"),
        basic(":"),
        basic(":a-secret"),
        basic("an-id:"),
        basic(b"\xff\xfe"),
        basic("an-id:a\x00secret"),
        basic("an-id:a%00secret"),
        basic("an-id:" + "a" * (VALUE_LIMIT + 1)),
    ],
)
def test_broken_basic_is_refused(authorization: str) -> None:
    outcome = read_request(FORM, authorization, without("client_id", "client_secret"))

    assert refusal(outcome) == "invalid_request"


def test_non_ascii_basic_reads_as_latin_1() -> None:
    """
    pyzeebe encodes so; UTF-8 would come out as two characters and be a wrong secret, never an error of ours.
    """
    outcome = read_request(FORM, basic(b"\xfc:\xfc"), without("client_id", "client_secret"))

    assert TokenRequest("ü", SecretText("ü"), "zeebe.camunda.io", used_basic=True) == outcome


@pytest.mark.parametrize(
    "body", [without("client_secret"), without("client_id", "client_secret"), form(client_secret="")]
)
def test_a_body_may_repeat_the_id_of_the_header(body: bytes) -> None:
    outcome = read_request(FORM, basic("an-id:a-secret"), body)

    assert TokenRequest("an-id", SecretText("a-secret"), "zeebe.camunda.io", used_basic=True) == outcome


@pytest.mark.parametrize("body", [form(), without("client_id"), form(client_id="other", client_secret=None)])
def test_two_credentials_in_one_request_are_refused(body: bytes) -> None:
    """
    RFC 6749 section 2.3.
    """
    assert refusal(read_request(FORM, basic("an-id:a-secret"), body)) == "invalid_request"


def test_no_refusal_repeats_what_was_sent() -> None:
    sent = "gks_should-never-be-seen"
    outcomes = [
        read_request(JSON, None, f"{sent}".encode()),
        read_request(FORM, None, f"{sent}&{sent}".encode()),
        read_request(sent, sent, sent.encode()),
        read_request(FORM, f"Basic {sent}", b""),
        read_request(FORM, None, form(grant_type=sent)),
        read_request(JSON, None, in_json(client_secret=[sent])),
    ]

    assert not [outcome for outcome in outcomes if sent in repr(outcome)]


def test_the_secret_does_not_show_in_a_repr() -> None:
    assert "a-secret" not in repr(read_request(FORM, None, form()))


@pytest.mark.parametrize(
    ("content_type", "authorization", "body", "claimed"),
    [
        (FORM, None, form(), "an-id"),
        (FORM, None, form(grant_type="other"), "an-id"),
        (JSON, None, in_json(client_secret=..., audience=...), "an-id"),
        (FORM, basic("an-id:wrong"), form(client_id="other"), "an-id"),
        (FORM, "Bearer x", form(), None),
        (FORM, None, b"\xff", None),
        ("", None, b"", None),
    ],
)
def test_the_operator_learns_whose_request_it_claimed_to_be(
    content_type: str, authorization: str | None, body: bytes, claimed: str | None
) -> None:
    assert claimed == claimed_client(content_type, authorization, body)


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=80)


@given(words, words, words)
def test_what_is_written_is_read(client_id: str, secret: str, audience: str) -> None:
    body = encode_request(client_id, SecretText(secret), audience)

    assert TokenRequest(client_id, SecretText(secret), audience, used_basic=False) == read_request(FORM, None, body)


content_types = st.one_of(st.sampled_from([FORM, JSON, "", f"{JSON}; charset=utf-8"]), st.text(max_size=60))
authorizations = st.one_of(
    st.none(), st.text(max_size=60), st.binary(max_size=60).map(basic), st.text(max_size=40).map(lambda t: f"Basic {t}")
)
names = st.sampled_from([*FIELDS, "scope", "x"])
any_text = st.text(st.characters(exclude_categories=[]), max_size=20)  # with lone surrogates: JSON can write them
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text | st.text("a\0\ud800", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
bodies = st.one_of(
    st.binary(max_size=400),
    st.dictionaries(names, json_values, max_size=6).map(lambda value: json.dumps(value).encode()),
    st.lists(st.tuples(names, words), max_size=8).map(lambda pairs: urlencode(pairs).encode()),
    st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=8).map(
        lambda pairs: b"&".join(name + b"=" + value for name, value in pairs)
    ),
)


@given(content_types, authorizations, bodies)
def test_no_bytes_break_the_reading_and_what_is_read_can_be_digested(
    content_type: str, authorization: str | None, body: bytes
) -> None:
    outcome = read_request(content_type, authorization, body)
    claimed_client(content_type, authorization, body)

    assert isinstance(outcome, Malformed) or (outcome.client_id.encode() and outcome.client_secret.reveal().encode())


def test_an_honest_request_is_far_from_every_limit() -> None:
    body = encode_request("a" * 32, SecretText("b" * 64), "0" * 36 + ".local.zeebe.camunda.example.org")

    assert len(body) * 10 < BODY_LIMIT
