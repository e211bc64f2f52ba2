"""What accounts need from the world."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from gatekey.server.accounts.model import Member, Organisation, Refused, Role

Members = tuple[Member, ...]


class AccountStore(Protocol):
    """
    Keeps organisations, members, and digests of links and sessions; a change is one transaction with its audit entry.

    Methods raise `StorageUnavailable`.
    """

    def organisations(self) -> tuple[Organisation, ...]:
        """Return every organisation, oldest first."""
        ...

    def add_organisation(self, organisation: Organisation, *, by: str, at: datetime) -> Refused | None:
        """Keep a new organisation; refused when the name is taken."""
        ...

    def find(self, member_id: str) -> Member | None:
        """Return a member."""
        ...

    def find_by_email(self, email: str) -> Member | None:
        """Return the member with this e-mail address, whatever the case of its letters."""
        ...

    def members(self, organisation_id: str) -> Members:
        """Return the members of an organisation, oldest first."""
        ...

    def owners(self) -> Members:
        """Return whoever owns an organisation, oldest first."""
        ...

    def add(self, member: Member, *, by: str, at: datetime) -> Refused | None:
        """Keep a new member; refused when there is one with this e-mail address."""
        ...

    def change_roles(  # noqa: PLR0913 - what changes, on which condition, by whom and when
        self,
        member_id: str,
        organisation_id: str,
        roles: frozenset[Role],
        check: Callable[[Members, Member], Refused | None],
        *,
        by: str,
        at: datetime,
    ) -> Member | Refused | None:
        """
        Give a member these roles, none for no membership any more, unless `check` refuses that with the members as they
        are now and the changed one; None when there is no such member.
        """
        ...

    def an_owner_has_signed_in(self) -> bool:
        """Say whether any owner ever used a link."""
        ...

    def add_link(self, digest: bytes, member_id: str, ends: datetime) -> None:
        """Keep a sign-in link."""
        ...

    def spend_link(self, digest: bytes, now: datetime) -> Member | None:
        """Use a link up: returns its member once, and None ever after, when expired, or when unknown."""
        ...

    def add_session(self, digest: bytes, member_id: str, ends: datetime) -> None:
        """Keep a session."""
        ...

    def session(self, digest: bytes, now: datetime) -> Member | None:
        """Return the member of a live session, with the roles as they are now."""
        ...

    def end_session(self, digest: bytes) -> None:
        """Forget a session; no error when there is none."""
        ...
