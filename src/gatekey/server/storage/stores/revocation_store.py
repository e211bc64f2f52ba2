"""Revocations and spent assertions in SQL."""

import hashlib
from dataclasses import dataclass
from typing import assert_never

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.changes import Topic, name_revocation, note_changes
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.sql.times import to_time
from gatekey.server.storage.stores.audit_log import record
from gatekey.server.tokens.revocation import Kind, Revocation


@dataclass(frozen=True, slots=True)
class SqlRevocationStore:
    """The `RevocationStore` port over the database."""

    database: Database

    def revoke(self, revocation: Revocation, *, by: str, at: float) -> None:
        """Keep a revocation: from the return on every worker knows it. A later one of the same subject widens it."""
        with self.database.writing() as connection:
            write_revocation(connection, revocation, at)
            record(connection, to_time(at), by, "revoked", f"tokens of {revocation.kind}", revocation.subject)
            note_changes(connection, Topic.CLIENT, *_clients_of(connection, revocation))

    def all(self, at: float) -> tuple[Revocation, ...]:
        """Return the revocations that still matter."""
        table = tables.revocation
        with self.database.reading() as connection:
            rows = connection.execute(select(table).where(table.c.until > at).order_by(table.c.kind, table.c.subject))
            return tuple(Revocation(Kind(row.kind), row.subject, row.before, row.until) for row in rows)


def write_revocation(connection: Connection, revocation: Revocation, at: float) -> None:
    """Write a revocation inside somebody's transaction, and drop those that no longer matter."""
    table = tables.revocation
    adding = upsert(table).values(
        kind=revocation.kind.value,
        subject=revocation.subject,
        before=revocation.before,
        until=revocation.until,
    )
    connection.execute(delete(table).where(table.c.until <= at))
    connection.execute(
        adding.on_conflict_do_update(
            index_elements=["kind", "subject"],
            set_={
                "before": func.max(table.c.before, adding.excluded.before),
                "until": func.max(table.c.until, adding.excluded.until),
            },
        )
    )
    note_changes(connection, Topic.REVOCATION, name_revocation(revocation.kind, revocation.subject))


def _clients_of(connection: Connection, revocation: Revocation) -> tuple[str, ...]:
    """Return the client whose tokens are revoked; none for a single token, which says nothing of others."""
    match revocation.kind:
        case Kind.TOKEN:
            return ()
        case Kind.CLIENT | Kind.SCOPE:
            return (revocation.subject.partition(":")[0],)
        case Kind.CREDENTIAL if ":" in revocation.subject:
            return (revocation.subject.partition(":")[0],)
        case Kind.CREDENTIAL:
            table = tables.client_secret
            query = select(table.c.client_id).where(table.c.secret_id == revocation.subject)
            return tuple(connection.execute(query).scalars())
        case never:
            assert_never(never)


@dataclass(frozen=True, slots=True)
class SqlSpentAssertions:
    """The `SpentAssertions` port over the database: one insert an assertion, and the primary key decides."""

    database: Database

    def spend(self, client_id: str, assertion_id: str, ends: float) -> bool:
        """Return True the first time this client uses this `jti`, False ever after."""
        table = tables.spent_assertion
        digest = hashlib.sha256(f"{client_id}\n{assertion_id}".encode()).digest()
        with self.database.writing() as connection:
            connection.execute(delete(table).where(table.c.ends <= ends - FORGET_AFTER))
            added = connection.execute(
                upsert(table).values(digest=digest, ends=ends).on_conflict_do_nothing().returning(table.c.digest)
            ).first()
            return added is not None


FORGET_AFTER = 3_600
"""Seconds: assertions live ten minutes at most, so an hour behind the newest nothing can come again."""
