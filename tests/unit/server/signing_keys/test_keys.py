import base64
import json
import warnings

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jws
from joserfc.errors import SecurityWarning

from gatekey.server.signing_keys.keys import Algorithm, SigningKey, TokenType, encode_segment

KEYS = {algorithm: SigningKey.generate(algorithm) for algorithm in Algorithm}
OTHERS = {algorithm: SigningKey.generate(algorithm) for algorithm in Algorithm}
INDEPENDENT: dict[Algorithm, type[jwk.RSAKey | jwk.ECKey | jwk.OKPKey]] = {
    Algorithm.RS256: jwk.RSAKey,
    Algorithm.ES256: jwk.ECKey,
    Algorithm.EDDSA: jwk.OKPKey,
}
"""The kinds of key as another implementation of JOSE has them."""

every_key = pytest.mark.parametrize("key", [pytest.param(key, id=algorithm) for algorithm, key in KEYS.items()])


def independent(key: SigningKey) -> jwk.RSAKey | jwk.ECKey | jwk.OKPKey:
    return INDEPENDENT[key.algorithm].import_key({**key.public_jwk()})


def signature_of(key: SigningKey, claims: bytes = b"{}") -> tuple[bytes, bytes]:
    """
    What was signed, and the signature.
    """
    message, _, signature = key.sign(claims).rpartition(".")
    return message.encode(), base64.urlsafe_b64decode(signature + "==")


@every_key
def test_the_key_id_is_the_thumbprint_that_another_implementation_computes(key: SigningKey) -> None:
    """
    RFC 7638.
    """
    assert key.key_id == independent(key).thumbprint()


@pytest.mark.parametrize(
    ("algorithm", "kind", "members"),
    [
        (Algorithm.RS256, "RSA", {"n", "e"}),
        (Algorithm.ES256, "EC", {"crv", "x", "y"}),
        (Algorithm.EDDSA, "OKP", {"crv", "x"}),
    ],
)
def test_the_published_half_is_what_verifiers_need_and_no_more(
    algorithm: Algorithm, kind: str, members: set[str]
) -> None:
    published = KEYS[algorithm].public_jwk()

    assert {"kty", "kid", "use", "alg"} | members == set(published)
    assert (kind, "sig", algorithm.value, KEYS[algorithm].key_id) == tuple(
        published[name] for name in ("kty", "use", "alg", "kid")
    )


def test_rsa_keys_have_2048_bits_and_the_usual_exponent() -> None:
    published = SigningKey.generate().public_jwk()

    assert published["e"] == "AQAB"
    assert len(base64.urlsafe_b64decode(published["n"] + "==")) * 8 == 2048


@every_key
def test_changing_the_published_half_does_not_change_the_key(key: SigningKey) -> None:
    key.public_jwk()["kid"] = "changed"

    assert key.key_id == key.public_jwk()["kid"]


@every_key
@pytest.mark.parametrize("form", TokenType)
def test_another_implementation_verifies_what_is_signed(key: SigningKey, form: TokenType) -> None:
    header, _, rest = key.sign(b'{"a":1}', form).partition(".")
    told = json.loads(base64.urlsafe_b64decode(header + "=="))
    payload, _, _ = rest.partition(".")

    assert {"alg": key.algorithm.value, "typ": form.value, "kid": key.key_id} == told
    assert b'{"a":1}' == base64.urlsafe_b64decode(payload + "==")
    assert verified(key, f"{header}.{rest}")


def verified(key: SigningKey, compact: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # that EdDSA has a newer name (RFC 9864)
        return bool(jws.deserialize_compact(compact, independent(key), [key.algorithm.value]))


@every_key
def test_equal_claims_make_equal_tokens(key: SigningKey) -> None:
    assert key.sign(b"{}") == key.sign(b"{}") == SigningKey.from_pem(key.to_pem()).sign(b"{}")


@every_key
def test_a_key_knows_its_own_signatures_only(key: SigningKey) -> None:
    message, signature = signature_of(key)

    assert key.signed(message, signature)
    assert not key.signed(message + b"x", signature)
    assert not [other for other in OTHERS.values() if other.signed(message, signature)]


@every_key
@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\0" * 256, b"\xff" * 64, b"\xff" * 256, b"\0" * 10_000])
def test_what_is_no_signature_is_false_and_no_error(key: SigningKey, signature: bytes) -> None:
    assert key.signed(b"anything", signature) is False


@every_key
def test_a_key_survives_being_kept(key: SigningKey) -> None:
    again = SigningKey.from_pem(key.to_pem())

    assert (key.key_id, key.algorithm) == (again.key_id, again.algorithm)
    assert again.signed(*signature_of(key))


STRANGERS: list[PrivateKeyTypes] = [
    ec.generate_private_key(ec.SECP384R1()),
    ec.generate_private_key(ec.SECP256K1()),
    ed448.Ed448PrivateKey.generate(),
    x25519.X25519PrivateKey.generate(),
    dsa.generate_private_key(1024),  # noqa: S505 - quick to make, and only ever refused
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda key: type(key).__name__)
def test_a_key_of_another_kind_is_no_signing_key(stranger: PrivateKeyTypes) -> None:
    pem = stranger.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    with pytest.raises(ValueError, match=r"."):
        SigningKey.from_pem(pem)


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_no_signing_key(pem: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        SigningKey.from_pem(pem)


@every_key
def test_no_printing_of_a_key_shows_its_private_half(key: SigningKey) -> None:
    private = INDEPENDENT[key.algorithm].import_key(key.to_pem()).as_dict(private=True)

    assert str(private["d"]) not in repr(key) + str(key) + str(key.public_jwk())


@given(st.binary(max_size=40))
def test_segments_are_base64url_without_padding(raw: bytes) -> None:
    segment = encode_segment(raw)

    assert not set("+/=") & set(segment)
    assert raw == base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
