"""
What may be registered as a client's public key.
"""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk as oracle

from gatekey.server.clients.model import Refused
from gatekey.server.clients.public_keys import read_public_keys
from support.credentials import a_key, jwk_of, pem_of

KINDS = ["RS256", "ES256", "ES384", "ES512", "EdDSA"]


def taken(text: str) -> tuple[dict[str, str], ...]:
    outcome = read_public_keys(text)
    assert not isinstance(outcome, Refused), outcome
    return outcome


def refusal(text: str) -> str:
    outcome = read_public_keys(text)
    assert isinstance(outcome, Refused), outcome
    return outcome.public


@pytest.mark.parametrize("kind", KINDS)
def test_a_pem_is_read(kind: str) -> None:
    [read] = taken(pem_of(a_key(kind)))

    assert jwk_of(a_key(kind)) == {name: value for name, value in read.items() if name != "kid"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_without_a_kid_gets_its_thumbprint(kind: str) -> None:
    [read] = taken(json.dumps(jwk_of(a_key(kind))))

    assert oracle.import_key({**jwk_of(a_key(kind))}).thumbprint() == read["kid"]
    assert [read] == list(taken(pem_of(a_key(kind))))


def test_a_key_keeps_its_kid_and_loses_what_we_do_not_know() -> None:
    given_key = {**jwk_of(a_key("ES256")), "kid": "mine", "use": "sig", "alg": "ES256", "x5c": ["…"], "note": {"a": 1}}

    assert ({**jwk_of(a_key("ES256")), "kid": "mine"},) == taken(json.dumps(given_key))


def test_a_set_is_read_in_its_order() -> None:
    keys = [{**jwk_of(a_key(kind)), "kid": kind} for kind in KINDS]

    assert KINDS == [key["kid"] for key in taken(json.dumps({"keys": keys}))]


def test_two_keys_of_one_kid_are_refused() -> None:
    keys = [{**jwk_of(a_key(kind)), "kid": "same"} for kind in ("ES256", "EdDSA")]

    assert "same kid" in refusal(json.dumps({"keys": keys}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_private_pem_is_refused_in_clear_words(kind: str) -> None:
    pem = a_key(kind).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    assert "private key" in refusal(pem)


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_jwk_is_refused_in_clear_words(member: str) -> None:
    assert "private key" in refusal(json.dumps({**jwk_of(a_key("RS256")), member: "AQAB"}))


def test_a_shared_key_is_refused() -> None:
    assert "neither RSA, EC nor OKP" in refusal(json.dumps({"kty": "oct", "k": "c2VjcmV0"}))


def public_pem(key: Any) -> str:
    public = key.public_key()
    text: str = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return text


@pytest.mark.parametrize(
    "make",
    [
        lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - weak on purpose
        lambda: rsa.RSAPublicNumbers(65537, (1 << 9_000) + 1),
        lambda: ec.generate_private_key(ec.SECP256K1()),
        lambda: ec.generate_private_key(ec.SECP224R1()),
        lambda: dsa.generate_private_key(1024),  # noqa: S505 - weak on purpose
        ed448.Ed448PrivateKey.generate,
        x25519.X25519PrivateKey.generate,
    ],
)
def test_weak_and_unknown_kinds_are_refused(make: Any) -> None:
    assert refusal(public_pem(make()))


@pytest.mark.parametrize(
    "changes",
    [
        {"x": "AA"},
        {"x": 7},
        {"x": None},
        {"y": ["a"]},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"crv": None},
        {"kty": "ec"},
        {"kty": None},
        {"kty": ["EC"]},
        {"kid": 7},
        {"kid": ["a"]},
        {"x": "é"},
        {"x": ""},
    ],
)
def test_a_broken_jwk_is_refused(changes: dict[str, Any]) -> None:
    assert refusal(json.dumps({**jwk_of(a_key("ES256")), **changes}))


@pytest.mark.parametrize("kid", ["x" * 300, "a\nb", "a\x1b[2J", "\u202e", "\ud800", "k" * 257])
def test_a_kid_that_could_not_be_shown_or_remembered_is_refused(kid: str) -> None:
    assert "kid" in refusal(json.dumps({**jwk_of(a_key("ES256")), "kid": kid}))


@pytest.mark.parametrize(
    "changes", [{"e": "AA"}, {"e": "AQ"}, {"e": "Ag"}, {"n": "AQAB"}, {"n": ""}, {"n": "=" * 9}, {"e": "AQAB" * 400}]
)
def test_rsa_numbers_that_make_no_key_are_refused(changes: dict[str, str]) -> None:
    assert refusal(json.dumps({**jwk_of(a_key("RS256")), **changes}))


@pytest.mark.parametrize("raw", ["AA", "", "A" * 44])
def test_ed25519_keys_have_one_length(raw: str) -> None:
    assert refusal(json.dumps({"kty": "OKP", "crv": "Ed25519", "x": raw}))


@pytest.mark.parametrize("crv", ["Ed448", "X25519", "ed25519"])
def test_of_okp_keys_only_ed25519_is_taken(crv: str) -> None:
    assert refusal(json.dumps({**jwk_of(a_key("EdDSA")), "crv": crv}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "{}",
        "[]",
        "7",
        "null",
        '"RSA"',
        '{"keys": []}',
        '{"keys": {}}',
        '{"keys": [7]}',
        '{"keys": [[]]}',
        '{"keys": null}',
        "[" * 100_000,
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "\ud800 -----BEGIN",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    assert refusal(text)


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_nothing_breaks_the_reading(text: str) -> None:
    assert isinstance(read_public_keys(text), Refused)


@given(
    st.fixed_dictionaries(
        {"kty": st.sampled_from(["RSA", "EC", "OKP"])},
        optional={
            "crv": st.sampled_from(["P-256", "P-384", "P-521", "Ed25519"]),
            **{name: st.text("AQab-_=é") | st.integers() for name in ("n", "e", "x", "y")},
        },
    )
)
def test_no_made_up_numbers_break_the_reading(key: dict[str, Any]) -> None:
    read_public_keys(json.dumps(key))
