"""The keyed fast digest of client secrets."""

import hashlib
import hmac


def digest_secret(pepper: bytes, secret: str) -> bytes:
    """
    Return HMAC-SHA-256 of the secret under the pepper (32 bytes).

    A secret has 256 random bits, so a slow hash gains nothing (it would be the service's slowest step); the pepper
    lives outside the database, so a stolen database verifies nothing.
    """
    return hmac.digest(pepper, secret.encode(), hashlib.sha256)
