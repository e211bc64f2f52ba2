"""What issuing needs from the world."""

from typing import Protocol

from gatekey.server.tokens.model import KnownClient
from gatekey.server.tokens.revocation import Revocation


class ClientDirectory(Protocol):
    """Finds live clients, as of the last committed change. Raises `StorageUnavailable` when that cannot be known."""

    def find(self, client_id: str) -> KnownClient | None:
        """Return the client, or None when it never was or is deleted."""
        ...

    def is_revoked(self, token_id: str) -> bool:
        """Say whether the one token with this `jti` was revoked, as of the last `find`: a request starts with one."""
        ...


class SpentAssertions(Protocol):
    """Remembers client assertions until they expire, for all workers. Raises `StorageUnavailable`."""

    def spend(self, client_id: str, assertion_id: str, ends: float) -> bool:
        """Return True the first time this client uses this `jti`, False ever after."""
        ...


class RevocationStore(Protocol):
    """Keeps revocations as long as a token can live. Raises `StorageUnavailable`."""

    def revoke(self, revocation: Revocation, *, by: str, at: float) -> None:
        """Keep a revocation: from the return on every worker knows it."""
        ...

    def all(self, at: float) -> tuple[Revocation, ...]:
        """Return the revocations that still matter."""
        ...
