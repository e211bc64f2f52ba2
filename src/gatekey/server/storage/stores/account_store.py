"""Organisations, members, sign-in links and sessions in SQL."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from gatekey.server.accounts.model import Member, Organisation, Refused, Role
from gatekey.server.accounts.ports import Members
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.sql.times import to_seconds
from gatekey.server.storage.stores.audit_log import record

_MEMBER, _MEMBERSHIP, _ORGANISATION = tables.member, tables.membership, tables.organisation
_LINK, _SESSION = tables.sign_in_link, tables.session


@dataclass(frozen=True, slots=True)
class SqlAccountStore:
    """The `AccountStore` port over the database."""

    database: Database

    def organisations(self) -> tuple[Organisation, ...]:
        """Return every organisation, oldest first."""
        query = select(_ORGANISATION).order_by(_ORGANISATION.c.created, _ORGANISATION.c.organisation_id)
        with self.database.reading() as connection:
            return tuple(Organisation(row.organisation_id, row.name) for row in connection.execute(query))

    def add_organisation(self, organisation: Organisation, *, by: str, at: datetime) -> Refused | None:
        """Keep a new organisation; refused when the name is taken."""
        same_name = func.lower(_ORGANISATION.c.name) == organisation.name.lower()
        with self.database.writing() as connection:
            if connection.execute(select(_ORGANISATION.c.name).where(same_name)).first() is not None:
                return Refused(f"There is already an organisation {organisation.name!r}.", "name taken", "name")
            connection.execute(
                insert(_ORGANISATION).values(
                    organisation_id=organisation.organisation_id, name=organisation.name, created=to_seconds(at)
                )
            )
            record(connection, at, by, "created", "organisation", organisation.organisation_id, name=organisation.name)
            return None

    def find(self, member_id: str) -> Member | None:
        """Return a member."""
        with self.database.reading() as connection:
            return _one(connection, _MEMBER.c.member_id == member_id)

    def find_by_email(self, email: str) -> Member | None:
        """Return the member with this e-mail address, whatever the case of its letters."""
        with self.database.reading() as connection:
            return _one(connection, _MEMBER.c.email == email.lower())

    def members(self, organisation_id: str) -> Members:
        """Return the members of an organisation, oldest first."""
        with self.database.reading() as connection:
            return _members(connection, _of_organisation(organisation_id))

    def owners(self) -> Members:
        """Return whoever owns an organisation, oldest first."""
        with self.database.reading() as connection:
            return _members(connection, _is_owner())

    def add(self, member: Member, *, by: str, at: datetime) -> Refused | None:
        """Keep a new member; refused when there is one with this e-mail address."""
        with self.database.writing() as connection:
            if _one(connection, _MEMBER.c.email == member.email.lower()) is not None:
                return Refused(f"{member.email} is a member already.", "e-mail address taken", "email")
            connection.execute(insert(_MEMBER).values(member_row(member, at)))
            for organisation_id, roles in member.roles.items():
                write_roles(connection, member.member_id, organisation_id, roles, at)
            record(connection, at, by, "added", "member", member.member_id, email=member.email)
            return None

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
        with self.database.writing() as connection:
            member = _one(connection, _MEMBER.c.member_id == member_id)
            if member is None:
                return None
            others = {name: kept for name, kept in member.roles.items() if name != organisation_id}
            changed = replace(member, roles={**others, **({organisation_id: roles} if roles else {})})
            refused = check(_members(connection, _of_organisation(organisation_id)), changed)
            if refused is not None:
                return refused
            which = (_MEMBERSHIP.c.member_id == member_id, _MEMBERSHIP.c.organisation_id == organisation_id)
            connection.execute(delete(_MEMBERSHIP).where(*which))
            write_roles(connection, member_id, organisation_id, roles, at)
            detail = {"organisation": organisation_id, "roles": ",".join(sorted(roles))}
            record(connection, at, by, "changed the roles of", "member", member_id, **detail)
            return changed

    def an_owner_has_signed_in(self) -> bool:
        """Say whether any owner ever used a link."""
        query = select(_MEMBER.c.member_id).where(_is_owner(), _MEMBER.c.last_sign_in.is_not(None))
        with self.database.reading() as connection:
            return connection.execute(query).first() is not None

    def add_link(self, digest: bytes, member_id: str, ends: datetime) -> None:
        """Keep a sign-in link."""
        with self.database.writing() as connection:
            connection.execute(insert(_LINK).values(digest=digest, member_id=member_id, ends=to_seconds(ends)))

    def spend_link(self, digest: bytes, now: datetime) -> Member | None:
        """Use a link up: returns its member once, and None ever after, when expired, or when unknown."""
        with self.database.writing() as connection:
            row = connection.execute(
                delete(_LINK).where(_LINK.c.digest == digest).returning(_LINK.c.member_id, _LINK.c.ends)
            ).first()
            connection.execute(delete(_LINK).where(_LINK.c.ends <= to_seconds(now)))
            member = None
            if row is not None and row.ends > to_seconds(now):
                member = _one(connection, _MEMBER.c.member_id == row.member_id)
            if member is None:
                return None
            this = _MEMBER.c.member_id == member.member_id
            connection.execute(update(_MEMBER).where(this).values(last_sign_in=to_seconds(now)))
            record(connection, now, member.email, "signed in", "member", member.member_id)
            return member

    def add_session(self, digest: bytes, member_id: str, ends: datetime) -> None:
        """Keep a session."""
        with self.database.writing() as connection:
            connection.execute(insert(_SESSION).values(digest=digest, member_id=member_id, ends=to_seconds(ends)))

    def session(self, digest: bytes, now: datetime) -> Member | None:
        """Return the member of a live session, with the roles as they are now."""
        live = select(_SESSION.c.member_id).where(_SESSION.c.digest == digest, _SESSION.c.ends > to_seconds(now))
        with self.database.reading() as connection:
            return _one(connection, _MEMBER.c.member_id == live.scalar_subquery())

    def end_session(self, digest: bytes) -> None:
        """Forget a session; no error when there is none."""
        with self.database.writing() as connection:
            connection.execute(delete(_SESSION).where(_SESSION.c.digest == digest))


def member_row(member: Member, at: datetime) -> dict[str, object]:
    """Return the row of a new member."""
    return {
        "member_id": member.member_id,
        "email": member.email.lower(),
        "name": member.name,
        "created": to_seconds(at),
    }


def write_roles(
    connection: Connection, member_id: str, organisation_id: str, roles: Iterable[Role], at: datetime
) -> None:
    """Write somebody's roles in an organisation in which they have none yet."""
    for role in roles:
        connection.execute(
            insert(_MEMBERSHIP).values(
                member_id=member_id, organisation_id=organisation_id, role=role.value, since=to_seconds(at)
            )
        )


def _of_organisation(organisation_id: str) -> ColumnElement[bool]:
    belonging = select(_MEMBERSHIP.c.member_id).where(_MEMBERSHIP.c.organisation_id == organisation_id)
    return _MEMBER.c.member_id.in_(belonging)


def _is_owner() -> ColumnElement[bool]:
    owning = select(_MEMBERSHIP.c.member_id).where(_MEMBERSHIP.c.role == Role.OWNER.value)
    return _MEMBER.c.member_id.in_(owning)


def _one(connection: Connection, which: ColumnElement[bool]) -> Member | None:
    return next(iter(_members(connection, which)), None)


def _members(connection: Connection, which: ColumnElement[bool]) -> Members:
    query = (
        select(_MEMBER, _MEMBERSHIP.c.organisation_id, _MEMBERSHIP.c.role)
        .outerjoin(_MEMBERSHIP, _MEMBERSHIP.c.member_id == _MEMBER.c.member_id)
        .where(which)
        .order_by(_MEMBER.c.created, _MEMBER.c.member_id, _MEMBERSHIP.c.since)
    )
    people: dict[str, tuple[str, str]] = {}
    roles: dict[str, dict[str, frozenset[Role]]] = {}
    for row in connection.execute(query):
        people[row.member_id] = (row.email, row.name)
        of_member = roles.setdefault(row.member_id, {})
        if row.role is not None:
            before = of_member.get(row.organisation_id, frozenset())
            of_member[row.organisation_id] = before | {Role(row.role)}
    return tuple(Member(member_id, email, name, roles[member_id]) for member_id, (email, name) in people.items())
