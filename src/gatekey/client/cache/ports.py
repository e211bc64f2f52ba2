"""What a token source needs of a cache."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from gatekey.client.policy import CacheEntry
from gatekey.oauth.secret_text import SecretText

Release: TypeAlias = Callable[[], None]
"""Gives a lock back; from any thread, and of several times the first counts."""


@dataclass(frozen=True, slots=True)
class CacheKey:
    """All that makes a credential what it is. Camunda's own clients leave parts of it out, and mix up their tokens."""

    token_url: str
    client_id: str
    audience: str | None
    scope: str | None
    fingerprint: SecretText
    """The secret, or whatever else proves who the client is; it leaves memory only as a slow hash."""


class Cache(Protocol):
    """Keeps what is known about credentials. Any thread may call any method; none raises for its medium."""

    @property
    def lasting(self) -> bool:
        """Whether looking may take a while, because it goes to a disk: event loops leave it to a thread then."""

    def look(self, key: CacheKey) -> CacheEntry:
        """Return what is known about a credential and its token endpoint now."""

    def keep(self, key: CacheKey, entry: CacheEntry) -> None:
        """Hold this from now on."""

    def lock(self, key: CacheKey) -> Release | None:
        """Become the only one who renews this credential, without waiting; None where somebody else is."""

    def when_free(self, key: CacheKey, then: Callable[[], object]) -> None:
        """Call `then` once, from any thread, when nobody seems to have this credential's lock any more."""
