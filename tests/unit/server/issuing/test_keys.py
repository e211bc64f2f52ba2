import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jws

from gatekey.server.issuing.keys import SigningKey, encode_segment

KEY = SigningKey.generate()
OTHER = SigningKey.generate()


def test_the_key_id_is_the_thumbprint_that_another_implementation_computes() -> None:
    """
    RFC 7638.
    """
    independent = jwk.RSAKey.import_key({**KEY.public_jwk()})

    assert KEY.key_id == independent.thumbprint()


def test_the_published_half_is_what_verifiers_need_and_no_more() -> None:
    published = KEY.public_jwk()

    assert {"kty", "n", "e", "kid", "use", "alg"} == set(published)
    assert ("RSA", "sig", "RS256", KEY.key_id) == tuple(published[name] for name in ("kty", "use", "alg", "kid"))
    assert published["e"] == "AQAB"
    assert len(base64.urlsafe_b64decode(published["n"] + "==")) * 8 == 2048


def test_changing_the_published_half_does_not_change_the_key() -> None:
    KEY.public_jwk()["kid"] = "changed"

    assert KEY.key_id == KEY.public_jwk()["kid"]


def test_another_implementation_verifies_what_is_signed() -> None:
    compact = KEY.sign(b'{"a":1}')

    verified = jws.deserialize_compact(compact, jwk.RSAKey.import_key({**KEY.public_jwk()}), ["RS256"])

    assert verified.payload == b'{"a":1}'
    assert {"alg": "RS256", "typ": "JWT", "kid": KEY.key_id} == verified.headers()


def test_a_key_knows_its_own_signatures_only() -> None:
    head, claims, signature = KEY.sign(b"{}").split(".")
    raw = base64.urlsafe_b64decode(signature + "==")

    assert KEY.signed(f"{head}.{claims}".encode(), raw)
    assert not OTHER.signed(f"{head}.{claims}".encode(), raw)
    assert not KEY.signed(f"{head}.{claims}x".encode(), raw)


@pytest.mark.parametrize("signature", [b"", b"\0" * 256, b"\xff" * 256, b"\0" * 10_000])
def test_what_is_no_signature_is_false_and_no_error(signature: bytes) -> None:
    assert KEY.signed(b"anything", signature) is False


def test_a_key_survives_being_kept() -> None:
    again = SigningKey.from_pem(KEY.to_pem())

    assert KEY.key_id == again.key_id
    assert KEY.sign(b"{}") == again.sign(b"{}")


def test_only_an_rsa_private_key_is_a_signing_key() -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    for pem in (elliptic, b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(ValueError, match=r"."):
            SigningKey.from_pem(pem)


def test_no_printing_of_a_key_shows_its_private_half() -> None:
    private = json.loads(json.dumps(jwk.RSAKey.import_key(KEY.to_pem()).as_dict(private=True)))

    assert private["d"] not in repr(KEY) + str(KEY) + str(KEY.public_jwk())


@given(st.binary(max_size=40))
def test_segments_are_base64url_without_padding(raw: bytes) -> None:
    segment = encode_segment(raw)

    assert not set("+/=") & set(segment)
    assert raw == base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
