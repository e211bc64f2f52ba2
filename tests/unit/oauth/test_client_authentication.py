import base64
import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.oauth.client_authentication import (
    ASSERTION_TYPE,
    AssertionCredential,
    Credential,
    Method,
    SecretCredential,
    claimed_client,
    read_basic,
    read_credential,
)
from gatekey.oauth.fields import FORM, JSON, VALUE_LIMIT, Fields, UnreadableError
from gatekey.oauth.secret_text import SecretText

ID = {"client_id": "an-id"}
SECRET = {"client_secret": "a-secret"}


def basic(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return "Basic " + base64.b64encode(raw).decode()


def a_jwt(claims: object) -> str:
    """
    A JWT as far as anybody can see who does not verify it.
    """
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.AA"


def signed(assertion: str, kind: str = ASSERTION_TYPE) -> Fields:
    return {"client_assertion": assertion, "client_assertion_type": kind}


def refusal(fields: Fields, authorization: str | None = None) -> str:
    with pytest.raises(UnreadableError) as raised:
        read_credential(fields, authorization)
    return raised.value.malformed.error


def in_body(client_id: str, secret: str) -> Credential:
    return SecretCredential(client_id, SecretText(secret), Method.POST)


def in_header(client_id: str, secret: str) -> Credential:
    return SecretCredential(client_id, SecretText(secret), Method.BASIC)


def test_id_and_secret_stand_in_the_body() -> None:
    assert in_body("an-id", "a-secret") == read_credential({**ID, **SECRET, "x": "y"}, None)


@pytest.mark.parametrize("fields", [{}, ID, SECRET, {**ID, "client_secret": ""}, {**SECRET, "client_id": ""}])
def test_half_a_credential_is_none(fields: Fields) -> None:
    assert refusal(fields) == "invalid_request"


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
        (basic("an-id:" + "a" * VALUE_LIMIT), "an-id", "a" * VALUE_LIMIT),
    ],
)
def test_basic_is_decoded(authorization: str, client_id: str, secret: str) -> None:
    assert in_header(client_id, secret) == read_credential({}, authorization)
    assert (client_id, secret) == read_basic(authorization)


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
        basic("a" * (VALUE_LIMIT + 1) + ":a-secret"),
    ],
)
def test_broken_basic_is_refused(authorization: str) -> None:
    assert refusal({}, authorization) == "invalid_request"


def test_non_ascii_basic_reads_as_latin_1() -> None:
    """
    pyzeebe encodes so; UTF-8 would come out as two characters and be a wrong secret, never an error of ours.
    """
    assert in_header("ü", "ü") == read_credential({}, basic(b"\xfc:\xfc"))


@pytest.mark.parametrize("fields", [{}, ID, {"client_id": ""}])
def test_a_body_may_repeat_the_id_of_the_header(fields: Fields) -> None:
    assert in_header("an-id", "a-secret") == read_credential(fields, basic("an-id:a-secret"))


@pytest.mark.parametrize("fields", [{**ID, **SECRET}, SECRET, {"client_id": "other"}, signed(a_jwt({"sub": "an-id"}))])
def test_two_credentials_in_one_request_are_refused(fields: Fields) -> None:
    """
    RFC 6749 section 2.3.
    """
    assert refusal(fields, basic("an-id:a-secret")) == "invalid_request"


@pytest.mark.parametrize("fields", [{}, ID])
def test_an_assertion_names_its_client(fields: Fields) -> None:
    assertion = a_jwt({"sub": "an-id"})

    expected = AssertionCredential("an-id", SecretText(assertion))

    assert expected == read_credential({**fields, **signed(assertion)}, None)
    assert expected.method == "private_key_jwt"


@pytest.mark.parametrize(
    "fields",
    [
        {**signed(a_jwt({"sub": "an-id"})), **SECRET},
        {**signed(a_jwt({"sub": "an-id"})), "client_id": "other"},
        {"client_assertion": a_jwt({"sub": "an-id"})},
        signed(a_jwt({"sub": "an-id"}), "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"),
        signed(a_jwt({})),
        signed(a_jwt({"sub": ""})),
        signed(a_jwt({"sub": ["an-id"]})),
        signed(a_jwt(["sub"])),
        signed(a_jwt({"sub": "an-id"}).partition(".")[2]),
        signed("x"),
        signed(".."),
        signed("a.ü.b"),
        signed("a." + base64.urlsafe_b64encode(b"[" * 6_000).decode() + ".b"),
        signed("a." + base64.urlsafe_b64encode(b'{"sub":' + b"9" * 5_000 + b"}").decode() + ".b"),
    ],
)
def test_an_assertion_that_names_no_client_or_two_is_refused(fields: Fields) -> None:
    assert refusal(fields) == "invalid_request"


def test_neither_secret_nor_assertion_shows_in_a_repr() -> None:
    assertion = a_jwt({"sub": "an-id"})

    assert "a-secret" not in repr(read_credential({**ID, **SECRET}, None))
    assert assertion not in repr(read_credential(signed(assertion), None))


@pytest.mark.parametrize(
    ("fields", "authorization"),
    [
        ({}, "gks_should-never-be-seen"),
        ({}, "Basic gks_should-never-be-seen"),
        ({"client_secret": "gks_should-never-be-seen"}, None),
        ({"client_id": "gks_should-never-be-seen"}, basic("a:b")),
        (signed("gks_should-never-be-seen", "gks_should-never-be-seen"), None),
        (signed("gks_should-never-be-seen"), None),
    ],
)
def test_no_refusal_repeats_what_was_sent(fields: Fields, authorization: str | None) -> None:
    with pytest.raises(UnreadableError) as raised:
        read_credential(fields, authorization)

    assert "gks_" not in f"{raised.value!r} {raised.value.malformed!r}"


def form(**fields: str) -> bytes:
    return urlencode({**ID, **SECRET, **fields}).encode()


@pytest.mark.parametrize(
    ("content_type", "authorization", "body", "claimed"),
    [
        (FORM, None, form(), "an-id"),
        (FORM, None, form(grant_type="other"), "an-id"),
        (JSON, None, b'{"client_id":"an-id"}', "an-id"),
        (FORM, None, urlencode(signed(a_jwt({"sub": "an-id"}))).encode(), "an-id"),
        (FORM, None, urlencode(signed("x")).encode(), None),
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


@given(st.text(st.characters(exclude_categories=[]), max_size=60) | st.binary(max_size=60).map(basic))
def test_no_header_breaks_the_reading(authorization: str) -> None:
    claimed = claimed_client("", authorization, b"")

    assert claimed is None or claimed.encode()


@given(st.binary(max_size=60) | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
def test_no_assertion_breaks_the_reading(payload: bytes) -> None:
    assertion = f"a.{base64.urlsafe_b64encode(payload).decode()}.b"

    claimed = claimed_client(FORM, None, urlencode(signed(assertion)).encode())

    assert claimed is None or isinstance(claimed, str)
