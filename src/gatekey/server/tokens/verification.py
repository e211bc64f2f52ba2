"""Checking our own access tokens, for the APIs and endpoints that Gatekey serves itself."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gatekey.oauth.vocabulary import CLUSTER_CLAIM, CREDENTIAL_CLAIM, Scope
from gatekey.server.signing_keys.keys import SigningKey, TokenType, encode_segment
from gatekey.server.signing_keys.ports import KeyRing
from gatekey.server.tokens.model import IssuingPolicy, KnownClient
from gatekey.server.tokens.ports import ClientDirectory
from gatekey.server.tokens.remembering import SignatureMemory
from gatekey.server.tokens.targets import name_audience

TOKEN_LIMIT = 8 * 1024
"""Characters; our own tokens have about 1,000."""

SEGMENTS = 3
"""Header, claims and signature (RFC 7515 section 3.1)."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A token of ours that is alive: signed, not expired, not revoked, its client not deleted."""

    client: KnownClient
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token that opens nothing, or (`forbidden`) a good one that does not open this API."""

    public: str
    forbidden: bool


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """Verifies signature, issuer, expiry, revocation and cluster, and that the client still exists."""

    directory: ClientDirectory
    keys: KeyRing
    policy: IssuingPolicy
    now: Callable[[], float]
    memory: SignatureMemory = field(default_factory=SignatureMemory)

    def check(self, token: str, scope: Scope) -> Verified | Unverified:
        """Check a token for the API of `scope`. Raises `StorageUnavailable` when clients or keys cannot be read."""
        outcome = self.inspect(token)
        if isinstance(outcome, Unverified):
            return outcome
        if outcome.claims.get("aud") != name_audience(scope, self.policy):
            return Unverified(f"The access token is for another API than {scope}.", forbidden=True)
        if scope not in outcome.client.scopes:
            return Unverified(f"The client does not have the scope {scope}.", forbidden=True)
        return outcome

    def inspect(self, token: str) -> Verified | Unverified:
        """Say whether a token is one of ours and alive, whatever API it is for. Raises `StorageUnavailable`."""
        claims = self._signed_claims(token)
        if claims is None or claims.get("iss") != self.policy.issuer:
            return Unverified("The access token is not valid.", forbidden=False)
        if not isinstance(claims.get("exp"), int) or claims["exp"] <= self.now():
            return Unverified("The access token has expired.", forbidden=False)
        client = self.directory.find(str(claims.get("client_id")))
        if client is None or client.cluster_id != claims.get(CLUSTER_CLAIM):
            return Unverified("The client of this access token was deleted.", forbidden=False)
        if self._is_revoked(client, claims):
            return Unverified("The access token was revoked.", forbidden=False)
        return Verified(client, claims)

    def lost_scope(self, verified: Verified) -> Scope | None:
        """Return the scope that the token was issued for if its client no longer has it."""
        meant = self._scope(verified.claims)
        return meant if meant is not None and meant not in verified.client.scopes else None

    def _scope(self, claims: Mapping[str, Any]) -> Scope | None:
        audience = claims.get("aud")
        return next((scope for scope in Scope if name_audience(scope, self.policy) == audience), None)

    def _is_revoked(self, client: KnownClient, claims: Mapping[str, Any]) -> bool:
        valid_from = client.valid_from(str(claims.get(CREDENTIAL_CLAIM)))
        scope = self._scope(claims) if client.scopes_from else None
        if scope is not None:
            valid_from = max(valid_from, client.scopes_from.get(scope, 0))
        return int(claims.get("iat", 0)) < valid_from or self.directory.is_revoked(str(claims.get("jti")))

    def _signed_claims(self, token: str) -> Mapping[str, Any] | None:
        if len(token) > TOKEN_LIMIT:
            return None
        keys = {key.key_id: key for key in self.keys.published_keys()}
        claims = self.memory.recall(token, keys)
        return claims if claims is not None else self._verified_claims(token, keys)

    def _verified_claims(self, token: str, keys: Mapping[str, SigningKey]) -> Mapping[str, Any] | None:
        segments = token.split(".")
        if len(segments) != SEGMENTS:
            return None
        header, claims = _read_object(segments[0]), _read_object(segments[1])
        if header is None or claims is None or header.get("typ") not in set(TokenType):
            return None
        key = keys.get(str(header.get("kid")))
        signature = _decode_segment(segments[2])
        if key is None or signature is None or header.get("alg") != key.algorithm:
            return None
        if not key.signed(f"{segments[0]}.{segments[1]}".encode(), signature):
            return None
        self.memory.remember(token, key.key_id, claims)
        return claims


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
