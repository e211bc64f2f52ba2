import base64
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.oauth.client_authentication import Method, SecretCredential, claimed_client
from gatekey.oauth.fields import BODY_LIMIT, FORM, JSON, VALUE_LIMIT, Malformed
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.token_request import SCOPE_LIMIT, TokenRequest, encode_request, read_request

FIELDS = {
    "grant_type": "client_credentials",
    "client_id": "an-id",
    "client_secret": "a-secret",
    "audience": "zeebe.camunda.io",
}


def form(**changes: str | None) -> bytes:
    return urlencode({k: v for k, v in {**FIELDS, **changes}.items() if v is not None}).encode()


def in_json(**changes: object) -> bytes:
    return json.dumps({**FIELDS, **changes}).encode()


def without(*names: str) -> bytes:
    return form(**dict.fromkeys(names))


def basic(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return "Basic " + base64.b64encode(raw).decode()


def request_for(
    client_id: str, secret: str, audience: str | None = None, *, method: Method = Method.POST, scopes: str = ""
) -> TokenRequest:
    credential = SecretCredential(client_id, SecretText(secret), method)
    return TokenRequest(credential, audience, scopes=tuple(scopes.split()))


EXPECTED = request_for("an-id", "a-secret", "zeebe.camunda.io")


def refusal(outcome: TokenRequest | Malformed) -> str:
    assert isinstance(outcome, Malformed)
    return outcome.error


def test_a_form_and_json_are_read_alike() -> None:
    assert EXPECTED == read_request(FORM, None, form()) == read_request(JSON, None, in_json())


def test_what_cannot_be_read_at_all_is_an_invalid_request() -> None:
    assert {"invalid_request"} == {refusal(read_request(kind, None, b"\xff")) for kind in (FORM, JSON, "text/plain")}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"audience=zeebe.camunda.io&client_secret=a-secret&client_id=an-id&grant_type=client_credentials", EXPECTED),
        (without("grant_type"), EXPECTED),
        (form(scope=""), EXPECTED),
        (form(scope="  "), EXPECTED),
        (
            form(scope="anything  at all"),
            request_for("an-id", "a-secret", "zeebe.camunda.io", scopes="anything at all"),
        ),
        (form(unknown="x", other="y"), EXPECTED),
        (form(resource=""), EXPECTED),
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
        without("client_id"),
        without("client_secret"),
        form(client_id=""),
        form(client_secret=""),
        form() + b"&audience=zeebe.camunda.io",
        form(audience="a" * (VALUE_LIMIT + 1)),
    ],
)
def test_a_form_without_a_client_or_with_things_said_twice_is_refused(body: bytes) -> None:
    assert refusal(read_request(FORM, None, body)) == "invalid_request"


@pytest.mark.parametrize("body", [b"{}", in_json(client_id=None), in_json(client_secret=""), in_json(client_id=1)])
def test_json_without_a_client_is_refused(body: bytes) -> None:
    assert refusal(read_request(JSON, None, body)) == "invalid_request"


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


@pytest.mark.parametrize("resource", ["https://zeebe.camunda.io", "https://host:1/path?x=y", "urn:example:api"])
def test_a_resource_is_an_absolute_uri(resource: str) -> None:
    """
    RFC 8707 section 2.
    """
    read = read_request(FORM, None, form(resource=resource))
    assert isinstance(read, TokenRequest)

    assert ((resource,), "zeebe.camunda.io") == (read.resources, read.audience)


@pytest.mark.parametrize(
    "resource", ["zeebe.camunda.io", "/path", "//host", "https://host#x", "https://host#", "h://["]
)
def test_what_is_no_absolute_uri_without_a_fragment_is_an_invalid_target(resource: str) -> None:
    assert refusal(read_request(FORM, None, form(resource=resource))) == "invalid_target"


@pytest.mark.parametrize("scope", ["a\tb", 'a"b', "a\\b", "ü", "a\nb", "x " * (SCOPE_LIMIT + 1)])
def test_a_scope_outside_its_grammar_is_an_invalid_scope(scope: str) -> None:
    """
    RFC 6749 section 3.3.
    """
    assert refusal(read_request(FORM, None, form(scope=scope))) == "invalid_scope"


def test_credentials_may_stand_in_the_header() -> None:
    outcome = read_request(FORM, basic("an-id:a-secret"), without("client_id", "client_secret"))

    assert outcome == request_for("an-id", "a-secret", "zeebe.camunda.io", method=Method.BASIC)


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
        read_request(FORM, None, form(resource=sent)),
        read_request(FORM, None, form(scope=f"{sent}\\")),
        read_request(JSON, None, in_json(client_secret=[sent])),
    ]

    assert not [outcome for outcome in outcomes if isinstance(outcome, TokenRequest) or sent in repr(outcome)]


def test_the_secret_does_not_show_in_a_repr() -> None:
    assert "a-secret" not in repr(read_request(FORM, None, form()))


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=80)


@given(words, words, words)
def test_what_is_written_is_read(client_id: str, secret: str, audience: str) -> None:
    body = encode_request({"client_id": client_id, "client_secret": secret}, audience)

    assert request_for(client_id, secret, audience) == read_request(FORM, None, body)


content_types = st.one_of(st.sampled_from([FORM, JSON, "", f"{JSON}; charset=utf-8"]), st.text(max_size=60))
authorizations = st.one_of(
    st.none(), st.text(max_size=60), st.binary(max_size=60).map(basic), st.text(max_size=40).map(lambda t: f"Basic {t}")
)
names = st.sampled_from([*FIELDS, "scope", "resource", "client_assertion", "client_assertion_type", "x"])
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

    assert isinstance(outcome, Malformed) or digestible(outcome)


def digestible(request: TokenRequest) -> bool:
    assert isinstance(request.credential, SecretCredential)
    return bool(request.credential.client_id.encode() and request.credential.secret.reveal().encode())


def test_an_honest_request_is_far_from_every_limit() -> None:
    body = encode_request(
        {"client_id": "a" * 32, "client_secret": "b" * 64}, "0" * 36 + ".local.zeebe.camunda.example.org"
    )

    assert len(body) * 10 < BODY_LIMIT
