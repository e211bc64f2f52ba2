"""
Signing keys: made, kept as PEM, published as JWK (RFC 7517), used for RS256,
ES256 (RFC 7518) and EdDSA (RFC 8037).
"""

import base64
import hashlib
import json
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

RSA_BITS: Final = 2048
"""112 bits of security (NIST SP 800-57), and every Camunda version verifies it; 4096 would cost six times the CPU."""

RSA_EXPONENT: Final = 65537

P256_BYTES: Final = 32
"""The length of one coordinate and of each half of a signature (RFC 7518 section 3.4)."""


class TokenType(StrEnum):
    """The `typ` header of access tokens."""

    JWT = "JWT"
    """What every Camunda version takes."""
    AT_JWT = "at+jwt"
    """RFC 9068: nothing else can be mistaken for an access token. Camunda 8.8 and later take it."""


class Algorithm(StrEnum):
    """The algorithms that can sign access tokens, as in the `alg` header."""

    RS256 = "RS256"
    """The one that Camunda's services of every version accept."""
    ES256 = "ES256"
    """Several times faster to sign; accepted by Camunda 8.8 and later, and by the gateway."""
    EDDSA = "EdDSA"
    """Ed25519. The gateway accepts it; no Camunda server does."""


PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def encode_segment(raw: bytes) -> str:
    """Return base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


class SigningKey:
    """
    One key: signs claims and verifies what it signed. The key id is its RFC 7638 thumbprint.

    Signatures of all three algorithms are deterministic (ES256 by RFC 6979): equal claims make equal tokens, on every
    worker.
    """

    def __init__(self, private: PrivateKey) -> None:
        self._private = private
        self._sign = _signer(private)
        self.algorithm, essentials = _describe(private)
        canonical = json.dumps(essentials, sort_keys=True, separators=(",", ":")).encode()
        self.key_id = encode_segment(hashlib.sha256(canonical).digest())
        self._jwk = {**essentials, "kid": self.key_id, "use": "sig", "alg": self.algorithm.value}
        self._headers = {form: self._encode_header(form) for form in TokenType}

    def _encode_header(self, form: TokenType) -> str:
        header = {"alg": self.algorithm.value, "typ": form.value, "kid": self.key_id}
        return encode_segment(json.dumps(header, separators=(",", ":")).encode())

    def sign(self, claims: bytes, form: TokenType = TokenType.JWT) -> str:
        """Return the compact JWS (RFC 7515 section 3.1) of claims that are JSON already."""
        signed = f"{self._headers[form]}.{encode_segment(claims)}"
        return f"{signed}.{encode_segment(self._sign(signed.encode('ascii')))}"

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Say whether this key made the signature."""
        try:
            _verify(self._private, message, signature)
        except InvalidSignature:
            return False
        return True

    def public_jwk(self) -> dict[str, str]:
        """Return the public half with `kid`, `use` and `alg`, as Camunda's services want JWKS entries."""
        return dict(self._jwk)

    def to_pem(self) -> bytes:
        """Return the private half as unencrypted PKCS #8; whoever stores it seals it first."""
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @classmethod
    def from_pem(cls, pem: bytes) -> "SigningKey":
        """Return the key of a PEM that `to_pem` made. Raises ValueError for a kind of key that signs no tokens."""
        # Whether the primes of an RSA key are prime is not tested again: it takes 30 ms, and the seal proves it ours.
        private = serialization.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(private, PrivateKey):
            raise ValueError("this kind of key signs no tokens")  # noqa: TRY004 - the bytes are wrong, not a type
        return cls(private)

    @classmethod
    def generate(cls, algorithm: Algorithm = Algorithm.RS256) -> "SigningKey":
        """Return a new key; an RSA key takes 50 to 300 ms."""
        match algorithm:
            case Algorithm.RS256:
                return cls(rsa.generate_private_key(RSA_EXPONENT, RSA_BITS))
            case Algorithm.ES256:
                return cls(ec.generate_private_key(ec.SECP256R1()))
            case Algorithm.EDDSA:
                return cls(ed25519.Ed25519PrivateKey.generate())


_ES256 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_RS256 = (padding.PKCS1v15(), hashes.SHA256())


def _signer(private: PrivateKey) -> Callable[[bytes], bytes]:
    """Return what signs a message; chosen once, because asking what kind of key it is costs 1 µs."""
    if isinstance(private, rsa.RSAPrivateKey):
        return lambda message: private.sign(message, *_RS256)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return lambda message: _halves(private.sign(message, _ES256))
    return private.sign


def _halves(signature: bytes) -> bytes:
    r, s = decode_dss_signature(signature)
    return r.to_bytes(P256_BYTES, "big") + s.to_bytes(P256_BYTES, "big")


def _verify(private: PrivateKey, message: bytes, signature: bytes) -> None:
    if isinstance(private, rsa.RSAPrivateKey):
        private.public_key().verify(signature, message, *_RS256)
    elif isinstance(private, ec.EllipticCurvePrivateKey):
        if len(signature) != 2 * P256_BYTES:
            raise InvalidSignature
        r, s = (int.from_bytes(half, "big") for half in (signature[:P256_BYTES], signature[P256_BYTES:]))
        private.public_key().verify(encode_dss_signature(r, s), message, _ES256)
    else:
        private.public_key().verify(signature, message)


def _describe(private: PrivateKey) -> tuple[Algorithm, dict[str, str]]:
    """
    Return the algorithm and the JWK members that the thumbprint is made of (RFC 7638 section 3.2, RFC 8037 section
    2).
    """
    if isinstance(private, rsa.RSAPrivateKey):
        rsa_numbers = private.public_key().public_numbers()
        return Algorithm.RS256, {"e": _number(rsa_numbers.e), "kty": "RSA", "n": _number(rsa_numbers.n)}
    if isinstance(private, ec.EllipticCurvePrivateKey):
        if not isinstance(private.curve, ec.SECP256R1):
            raise ValueError("ES256 needs a P-256 key")  # noqa: TRY004 - the key's numbers are wrong, not its type
        numbers = private.public_key().public_numbers()
        x, y = (encode_segment(value.to_bytes(P256_BYTES, "big")) for value in (numbers.x, numbers.y))
        return Algorithm.ES256, {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    raw = private.public_key().public_bytes_raw()
    return Algorithm.EDDSA, {"crv": "Ed25519", "kty": "OKP", "x": encode_segment(raw)}


def _number(number: int) -> str:
    return encode_segment(number.to_bytes((number.bit_length() + 7) // 8, "big"))
