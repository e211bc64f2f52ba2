"""
Checking our own access tokens, for the APIs that Gatekey serves itself.
"""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gatekey.server.issuing.audiences import name_audience
from gatekey.server.issuing.keys import ALGORITHM, encode_segment
from gatekey.server.issuing.model import IssuingPolicy
from gatekey.server.issuing.ports import ClientDirectory, KeyRing
from gatekey.wire.vocabulary import CLUSTER_CLAIM, Scope

TOKEN_LIMIT = 8 * 1024
"""Characters; our own tokens have about 900."""

SEGMENTS = 3
"""Header, claims and signature (RFC 7515 section 3.1)."""


@dataclass(frozen=True, slots=True)
class Verified:
    """
    A token that opens the API; its client existed at the time of the check.
    """

    client_id: str
    cluster_id: str


@dataclass(frozen=True, slots=True)
class Unverified:
    """
    A token that opens nothing, or (`forbidden`) a good one that does not open this API.
    """

    public: str
    forbidden: bool


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """
    Verifies signature, issuer, expiry, audience and cluster, and that the client still exists.
    """

    directory: ClientDirectory
    keys: KeyRing
    policy: IssuingPolicy
    now: Callable[[], float]

    def check(self, token: str, scope: Scope) -> Verified | Unverified:
        """
        Check a token for the API of `scope`. Raises `StorageUnavailable` when clients or keys cannot be read.
        """
        claims = self._signed_claims(token)
        if claims is None or claims.get("iss") != self.policy.issuer:
            return Unverified("The access token is not valid.", forbidden=False)
        expires = claims.get("exp")
        if not isinstance(expires, int) or expires <= self.now():
            return Unverified("The access token has expired.", forbidden=False)
        if claims.get("aud") != name_audience(scope, self.policy):
            return Unverified(f"The access token is for another API than {scope}.", forbidden=True)
        client = self.directory.find(str(claims.get("client_id")))
        if client is None or client.cluster_id != claims.get(CLUSTER_CLAIM):
            return Unverified("The client of this access token was deleted.", forbidden=False)
        if scope not in client.scopes:
            return Unverified(f"The client does not have the scope {scope}.", forbidden=True)
        return Verified(client.client_id, client.cluster_id)

    def _signed_claims(self, token: str) -> dict[str, Any] | None:
        segments = token.split(".")
        if len(token) > TOKEN_LIMIT or len(segments) != SEGMENTS:
            return None
        header, claims = _read_object(segments[0]), _read_object(segments[1])
        if header is None or claims is None or header.get("alg") != ALGORITHM or header.get("typ") != "JWT":
            return None
        key = next((key for key in self.keys.published_keys() if key.key_id == header.get("kid")), None)
        signature = _decode_segment(segments[2])
        if key is None or signature is None:
            return None
        return claims if key.signed(f"{segments[0]}.{segments[1]}".encode(), signature) else None


def _decode_segment(segment: str) -> bytes | None:
    try:
        raw = base64.b64decode(segment.encode("ascii") + b"=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    # One text for one value: padding, other alphabets and loose last bits are refused.
    return raw if encode_segment(raw) == segment else None


def _read_object(segment: str) -> dict[str, Any] | None:
    raw = _decode_segment(segment)
    try:
        value = json.loads(raw or b"")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
