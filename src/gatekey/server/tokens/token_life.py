"""Whether a token is alive, and ending it before its time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gatekey.server.tokens.authentication import ClientAuthentication
from gatekey.server.tokens.model import Authenticated, Refusal, Refused
from gatekey.server.tokens.ports import RevocationStore
from gatekey.server.tokens.revocation import Kind, Revocation, revoke_all_until
from gatekey.server.tokens.verification import TokenCheck, Unverified


@dataclass(frozen=True, slots=True)
class Introspection:
    """What a caller may know of a token: its claims when it is alive, nothing otherwise (RFC 7662 section 2.2)."""

    active: bool
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TokenLife:
    """Introspects and revokes; `now` is in seconds since 1970. Raises `StorageUnavailable`."""

    authentication: ClientAuthentication
    check: TokenCheck
    store: RevocationStore
    now: Callable[[], float]

    def introspect(self, who: Authenticated, token: str) -> Introspection:
        """
        Return what `who` may know: only of tokens of its own cluster, so that
        ids cannot be probed across clusters.
        """
        found = self.check.inspect(token)
        if isinstance(found, Unverified) or found.client.cluster_id != who.client.cluster_id:
            return Introspection(active=False)
        return Introspection(active=True, claims=found.claims)

    def plan_revocation(self, who: Authenticated, token: str) -> Revocation | Refused | None:
        """Return the revocation of a token of the client's own, None for one that is not alive, or the refusal."""
        found = self.check.inspect(token)
        if isinstance(found, Unverified):
            return None
        if found.client.client_id != who.client.client_id:
            return Refused(
                Refusal.SCOPE_NOT_GRANTED,
                "The token was issued to another client.",
                "token of another client",
                who.client.client_id,
            )
        return Revocation(Kind.TOKEN, found.claims["jti"], revoke_all_until(self.now()), float(found.claims["exp"]))

    def revoke(self, revocation: Revocation, by: str) -> None:
        """Carry out a revocation. Blocks until it is on disk."""
        self.store.revoke(revocation, by=by, at=self.now())
