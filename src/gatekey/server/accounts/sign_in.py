"""Signing in by a one-time link, and the sessions that follow."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gatekey.server.accounts.model import LINK_LIFETIME, SESSION_LIFETIME, Member, SignedIn
from gatekey.server.accounts.ports import PeopleStore


@dataclass(frozen=True, slots=True)
class SignIn:
    """Issues links, trades each for one session, and recognises sessions. All methods raise `StorageUnavailable`."""

    store: PeopleStore
    now: Callable[[], datetime]
    make_key: Callable[[], str]

    def issue_link(self) -> str:
        """Return the key of a new sign-in link for the owner; it works once, within an hour."""
        key = self.make_key()
        self.store.add_link(_digest(key), self.store.owner().email, self.now() + LINK_LIFETIME)
        return key

    def owner_has_signed_in(self) -> bool:
        """Say whether the owner ever used a link: a newcomer needs one shown."""
        return self.store.owner_has_signed_in()

    def redeem(self, key: str) -> SignedIn | None:
        """Trade a link's key for a session; None when it was used, expired or never issued."""
        member = self.store.spend_link(_digest(key), self.now())
        if member is None:
            return None
        session = SignedIn(member, self.make_key(), self.now() + SESSION_LIFETIME)
        self.store.add_session(_digest(session.key), member.email, session.ends)
        return session

    def recognise(self, key: str) -> Member | None:
        """Return who holds this session, or None when it has ended."""
        return self.store.session(_digest(key), self.now())

    def sign_out(self, key: str) -> None:
        """End a session on the server, not only in the browser."""
        self.store.end_session(_digest(key))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
