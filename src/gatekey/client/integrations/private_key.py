"""
Private keys instead of secrets: the client signs a short statement about itself (RFC 7523 section 2.2).

Needs `cryptography`.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gatekey.client.config.authentication import Proof
from gatekey.client.config.settings import ClientSettings
from gatekey.errors import ConfigurationError
from gatekey.oauth.secret_text import SecretText

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

LIFETIME = 60.0
"""Seconds: longer than any request takes, and too short to be of use in a log."""

P256_LENGTH = 32
"""Bytes of each number in an ES256 signature (RFC 7518 section 3.4)."""

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class PrivateKeyJwt:
    """
    Authentication by a private key, as `TokenSource(…, authentication=PrivateKeyJwt.read("key.pem"))`.

    `algorithm` is RS256 or PS256 for RSA keys, ES256 for P-256. `audience` is whom the statement is for: the token URL
    if not said, and the issuer for servers that follow RFC 7523's successor.
    """

    pem: SecretText
    key: PrivateKey = field(repr=False, compare=False)
    algorithm: Literal["RS256", "PS256", "ES256"]
    key_id: str | None = None
    audience: str | None = None
    needs_secret: bool = False

    @classmethod
    def read(
        cls,
        path: str | os.PathLike[str],
        *,
        key_id: str | None = None,
        algorithm: Literal["RS256", "PS256", "ES256"] | None = None,
        audience: str | None = None,
    ) -> "PrivateKeyJwt":
        """Read the key's file (PEM, no passphrase). Raises `ConfigurationError`."""
        try:
            pem = Path(path).read_bytes()
            key = serialization.load_pem_private_key(pem, None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no PEM file without a passphrase"
            raise ConfigurationError(f"The private key {path} cannot be read: {reason}.") from None
        if isinstance(key, rsa.RSAPrivateKey):
            return cls(SecretText(pem.decode()), key, algorithm or "RS256", key_id, audience)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls(SecretText(pem.decode()), key, "ES256", key_id, audience)
        raise ConfigurationError(f"The private key {path} is of no kind that can be used.", hint="Use RSA or P-256.")

    def fingerprint(self, settings: ClientSettings) -> SecretText:  # noqa: ARG002 - the port; the key is enough
        """Return the key."""
        return self.pem

    def prove(self, settings: ClientSettings, now: float) -> Proof:
        """Return a statement that is good for one request at `now`."""
        claims = {
            "iss": settings.client_id,
            "sub": settings.client_id,
            "aud": self.audience or settings.token_url,
            "iat": int(now),
            "exp": int(now + LIFETIME),
            "jti": os.urandom(16).hex(),
        }
        header = {"alg": self.algorithm, "typ": "JWT", **({"kid": self.key_id} if self.key_id else {})}
        signed = f"{_part(header)}.{_part(claims)}"
        assertion = f"{signed}.{_encoded(self._signature(signed.encode()))}"
        return Proof(
            (
                ("client_id", settings.client_id),
                ("client_assertion_type", JWT_BEARER),
                ("client_assertion", assertion),
            )
        )

    def _signature(self, message: bytes) -> bytes:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            numbers = decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
            return b"".join(number.to_bytes(P256_LENGTH, "big") for number in numbers)
        scheme: Any = padding.PKCS1v15()
        if self.algorithm == "PS256":
            scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        return self.key.sign(message, scheme, hashes.SHA256())


def _part(value: Mapping[str, object]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
