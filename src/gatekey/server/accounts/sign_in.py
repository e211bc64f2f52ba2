"""Signing in by a one-time link, and the sessions that follow."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gatekey.errors import StorageUnavailable
from gatekey.server.accounts.model import LINK_LIFETIME, SESSION_LIFETIME, Member, Organisation, SignedIn
from gatekey.server.accounts.ports import AccountStore


@dataclass(frozen=True, slots=True)
class SignIn:
    """Issues links, trades each for one session, and recognises sessions. All methods raise `StorageUnavailable`."""

    store: AccountStore
    now: Callable[[], datetime]
    make_key: Callable[[], str]

    def issue_link(self, member: Member | None = None) -> str:
        """Return the key of a new sign-in link, of the first owner unless for another; it works once, in an hour."""
        if member is None:
            owners = self.store.owners()
            if not owners:
                raise StorageUnavailable("No member owns an organisation.", hint="Restore a backup.")
            member = owners[0]
        key = self.make_key()
        self.store.add_link(_digest(key), member.member_id, self.now() + LINK_LIFETIME)
        return key

    def find(self, email: str) -> Member | None:
        """Return the member with this e-mail address, whatever the case of its letters."""
        return self.store.find_by_email(email)

    def organisation_of(self, member: Member) -> Organisation:
        """Return the member's organisation, the oldest where there are several."""
        organisations = self.store.organisations()
        return next((each for each in organisations if each.organisation_id in member.roles), organisations[0])

    def owner_has_signed_in(self) -> bool:
        """Say whether any owner ever used a link: a newcomer needs one shown."""
        return self.store.an_owner_has_signed_in()

    def redeem(self, key: str) -> SignedIn | None:
        """Trade a link's key for a session; None when it was used, expired or never issued."""
        member = self.store.spend_link(_digest(key), self.now())
        if member is None:
            return None
        session = SignedIn(member, self.make_key(), self.now() + SESSION_LIFETIME)
        self.store.add_session(_digest(session.key), member.member_id, session.ends)
        return session

    def recognise(self, key: str) -> Member | None:
        """Return who holds this session, or None when it has ended."""
        return self.store.session(_digest(key), self.now())

    def sign_out(self, key: str) -> None:
        """End a session on the server, not only in the browser."""
        self.store.end_session(_digest(key))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
