"""
Signing keys: made, kept as PEM, published as JWK (RFC 7517), used for RS256 (RFC 7518 section 3.3).
"""

import base64
import hashlib
import json
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

RSA_BITS: Final = 2048
"""112 bits of security (NIST SP 800-57), and every Camunda version verifies it; 4096 would cost six times the CPU."""

RSA_EXPONENT: Final = 65537
ALGORITHM: Final = "RS256"
"""The one algorithm that Camunda's services of every version accept."""


def encode_segment(raw: bytes) -> str:
    """
    Return base64url without padding (RFC 7515 section 2).
    """
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


class SigningKey:
    """
    One RSA key: signs claims and verifies what it signed. The key id is its RFC 7638 thumbprint.
    """

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self._private = private
        self._public = private.public_key()
        numbers = self._public.public_numbers()
        essentials = {"e": _encode_number(numbers.e), "kty": "RSA", "n": _encode_number(numbers.n)}
        canonical = json.dumps(essentials, sort_keys=True, separators=(",", ":")).encode()
        self.key_id = encode_segment(hashlib.sha256(canonical).digest())
        self._jwk = {**essentials, "kid": self.key_id, "use": "sig", "alg": ALGORITHM}
        header = json.dumps({"alg": ALGORITHM, "typ": "JWT", "kid": self.key_id}, separators=(",", ":"))
        self._header = encode_segment(header.encode())

    def sign(self, claims: bytes) -> str:
        """
        Return the compact JWS (RFC 7515 section 3.1) of claims that are JSON already.
        """
        signed = f"{self._header}.{encode_segment(claims)}"
        signature = self._private.sign(signed.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{encode_segment(signature)}"

    def signed(self, message: bytes, signature: bytes) -> bool:
        """
        Say whether this key made the signature.
        """
        try:
            self._public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def public_jwk(self) -> dict[str, str]:
        """
        Return the public half with `kid`, `use` and `alg`, as Camunda's services want JWKS entries.
        """
        return dict(self._jwk)

    def to_pem(self) -> bytes:
        """
        Return the private half as unencrypted PKCS #8; whoever stores it seals it first.
        """
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @classmethod
    def from_pem(cls, pem: bytes) -> "SigningKey":
        """
        Return the key of a PEM. Raises ValueError for anything but an RSA private key.
        """
        private = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(private, rsa.RSAPrivateKey):
            raise ValueError("not an RSA private key")  # noqa: TRY004 - the bytes are wrong, not the argument's type
        return cls(private)

    @classmethod
    def generate(cls) -> "SigningKey":
        """
        Return a new key; takes 50 to 300 ms.
        """
        return cls(rsa.generate_private_key(RSA_EXPONENT, RSA_BITS))


def _encode_number(number: int) -> str:
    return encode_segment(number.to_bytes((number.bit_length() + 7) // 8, "big"))
