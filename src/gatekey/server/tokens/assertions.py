"""Checking client assertions: a JWT that the client signed with its own key (RFC 7523 section 3)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gatekey.server.tokens.model import KnownClient
from gatekey.server.tokens.ports import SpentAssertions

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures with registered public keys; never `none`, never a shared key."""

LONGEST_LIFE = 600
"""Seconds an assertion may still have to live; Camunda's Java client makes them for five minutes."""

SKEW = 30
"""Seconds that a client's clock may be off."""

JTI_LIMIT = 256
"""Characters."""


@dataclass(frozen=True, slots=True)
class AssertionOutcome:
    """The id of the key that signed, or None and why not; `reason` is for the operator."""

    key_id: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AssertionCheck:
    """Verifies assertions for the audiences that mean us: the issuer and the token endpoint."""

    spent: SpentAssertions
    audiences: frozenset[str]
    now: Callable[[], float]

    def check(self, client: KnownClient, assertion: str) -> AssertionOutcome:
        """Check one assertion; a good one is spent by that. Raises `StorageUnavailable` when that cannot be noted."""
        verified = _verify(client, assertion)
        if isinstance(verified, str):
            return AssertionOutcome(None, verified)
        key_id, claims = verified
        fault = check_claims(claims, client.client_id, self.audiences, self.now())
        if fault:
            return AssertionOutcome(None, fault)
        if not self.spent.spend(client.client_id, claims["jti"], claims["exp"] + SKEW):
            return AssertionOutcome(None, "assertion was used before")
        return AssertionOutcome(key_id)


def check_claims(claims: Mapping[str, Any], client_id: str, audiences: frozenset[str], now: float) -> str:
    """Return what is wrong with the claims of a verified assertion, or nothing (RFC 7523 section 3, points 1 to 7)."""
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    token_id = claims.get("jti")
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        return "assertion of another issuer or subject"
    if not any(isinstance(name, str) and name.rstrip("/") in audiences for name in named):
        return "assertion for another audience"
    if not isinstance(token_id, str) or not 0 < len(token_id) <= JTI_LIMIT or not token_id.isprintable():
        return "assertion without a usable jti"
    return _check_times(claims, now)


def _check_times(claims: Mapping[str, Any], now: float) -> str:
    expires = _number(claims.get("exp"))
    not_before, issued = (_number(claims.get(name, now)) for name in ("nbf", "iat"))
    if expires is None or not_before is None or issued is None:
        return "assertion with times that are no numbers"
    if expires + SKEW <= now:
        return "assertion has expired"
    if expires > now + LONGEST_LIFE + SKEW:
        return "assertion lives too long"
    if not_before > now + SKEW or issued > now + SKEW:
        return "assertion from the future"
    return ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _verify(client: KnownClient, assertion: str) -> tuple[str, Mapping[str, Any]] | str:
    from gatekey.server.tokens.signatures import read_claims, read_header  # its charter says why here

    header = read_header(assertion)
    if isinstance(header, str):
        return f"assertion not readable: {header}"
    key_id = header.get("kid")
    if key_id is None and len(client.keys) > 1:
        return "assertion without kid where several keys are registered"
    if key_id is None:
        key_id = next(iter(client.keys), None)
    if not isinstance(key_id, str) or key_id not in client.keys:
        return "assertion by a key that is not registered"
    claims = read_claims(assertion, client.keys[key_id], ALGORITHMS)
    return f"assertion not verified: {claims}" if isinstance(claims, str) else (key_id, claims)
