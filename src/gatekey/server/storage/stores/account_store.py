"""Members, sign-in links and sessions in SQL."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from gatekey.server.accounts.model import Member
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.sql.times import to_seconds
from gatekey.server.storage.stores.audit_log import record


@dataclass(frozen=True, slots=True)
class SqlPeopleStore:
    """The `PeopleStore` port over the database."""

    database: Database

    def owner(self) -> Member:
        """Return the organisation's owner."""
        with self.database.reading() as connection:
            query = select(tables.member.c.email).where(tables.member.c.role == "owner")
            return Member(connection.execute(query).scalar_one())

    def owner_has_signed_in(self) -> bool:
        """Say whether the owner ever used a link."""
        with self.database.reading() as connection:
            query = select(tables.member.c.last_sign_in).where(tables.member.c.role == "owner")
            return connection.execute(query).scalar_one() is not None

    def add_link(self, digest: bytes, email: str, ends: datetime) -> None:
        """Keep a sign-in link."""
        with self.database.writing() as connection:
            connection.execute(insert(tables.sign_in_link).values(digest=digest, email=email, ends=to_seconds(ends)))

    def spend_link(self, digest: bytes, now: datetime) -> Member | None:
        """Use a link up: returns its member once, and None ever after, when expired, or when unknown."""
        table = tables.sign_in_link
        with self.database.writing() as connection:
            row = connection.execute(
                delete(table).where(table.c.digest == digest).returning(table.c.email, table.c.ends)
            ).first()
            connection.execute(delete(table).where(table.c.ends <= to_seconds(now)))
            if row is None or row.ends <= to_seconds(now):
                return None
            connection.execute(
                update(tables.member).where(tables.member.c.email == row.email).values(last_sign_in=to_seconds(now))
            )
            record(connection, now, row.email, "signed in", "member", row.email)
            return Member(row.email)

    def add_session(self, digest: bytes, email: str, ends: datetime) -> None:
        """Keep a session."""
        with self.database.writing() as connection:
            connection.execute(insert(tables.session).values(digest=digest, email=email, ends=to_seconds(ends)))

    def session(self, digest: bytes, now: datetime) -> Member | None:
        """Return the member of a live session."""
        table = tables.session
        query = select(table.c.email).where(table.c.digest == digest, table.c.ends > to_seconds(now))
        with self.database.reading() as connection:
            email = connection.execute(query).scalar_one_or_none()
        return None if email is None else Member(email)

    def end_session(self, digest: bytes) -> None:
        """Forget a session; no error when there is none."""
        with self.database.writing() as connection:
            connection.execute(delete(tables.session).where(tables.session.c.digest == digest))
