"""
The storm shield: identical requests within a short window get the same token.

No worker tells another anything. Within a window the claims are a function of the request, and signatures are
deterministic, so each worker arrives at the same token by itself; one that made it already only looks it up.
"""

import base64
import hashlib
import hmac
import zlib

TOKEN_ID_BYTES = 16
"""128 bits: no two tokens of an installation share a `jti` by chance."""


def window_start(now: float, client_id: str, window: int) -> int:
    """
    Return when the current window of `window` seconds began; clients' windows
    are spread, so no second is crowded.
    """
    offset = zlib.crc32(client_id.encode()) % window
    return int((now - offset) // window) * window + offset


def shared_token_id(key: bytes, parts: tuple[str, ...]) -> str:
    """
    Return a `jti` that every worker computes alike and nobody else can (HMAC-
    SHA-256 under the installation's key).
    """
    digest = hmac.digest(key, "\n".join(parts).encode(), hashlib.sha256)[:TOKEN_ID_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
