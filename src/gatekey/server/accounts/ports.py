"""What signing in needs from the world."""

from datetime import datetime
from typing import Protocol

from gatekey.server.accounts.model import Member


class PeopleStore(Protocol):
    """Keeps members, and digests of links and sessions. Methods raise `StorageUnavailable`."""

    def owner(self) -> Member:
        """Return the organisation's owner."""
        ...

    def owner_has_signed_in(self) -> bool:
        """Say whether the owner ever used a link."""
        ...

    def add_link(self, digest: bytes, email: str, ends: datetime) -> None:
        """Keep a sign-in link."""
        ...

    def spend_link(self, digest: bytes, now: datetime) -> Member | None:
        """Use a link up: returns its member once, and None ever after, when expired, or when unknown."""
        ...

    def add_session(self, digest: bytes, email: str, ends: datetime) -> None:
        """Keep a session."""
        ...

    def session(self, digest: bytes, now: datetime) -> Member | None:
        """Return the member of a live session."""
        ...

    def end_session(self, digest: bytes) -> None:
        """Forget a session; no error when there is none."""
        ...
