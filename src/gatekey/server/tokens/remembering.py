"""Remembering which tokens were signed by us, so that a token that comes a thousand times is verified once."""

from collections.abc import Container, Mapping
from hashlib import sha256
from typing import Any

REMEMBERED = 4096
"""Tokens; with their claims some 2 KB each. A client needs one at a time."""


class SignatureMemory:
    """
    The claims of tokens whose signature was found good, by a hash of the whole token.

    Nothing else about a token is remembered: expiry, revocation and the client are looked at every time. Only good
    tokens are kept, so strangers cannot push them out.
    """

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._known: dict[bytes, tuple[str, Mapping[str, Any]]] = {}

    def recall(self, token: str, key_ids: Container[str]) -> Mapping[str, Any] | None:
        """Return the claims of a token that was remembered, if the key that signed it is still among `key_ids`."""
        key_id, claims = self._known.get(_name(token), ("", None))
        return claims if key_id in key_ids else None

    def remember(self, token: str, key_id: str, claims: Mapping[str, Any]) -> None:
        """Remember a token whose signature by `key_id` was found good; the oldest one is forgotten for it."""
        if len(self._known) >= self._limit:
            del self._known[next(iter(self._known))]
        self._known[_name(token)] = (key_id, claims)


def _name(token: str) -> bytes:
    # The whole token, signature included: a name made of anything less would let a forged one pass for a good one.
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
