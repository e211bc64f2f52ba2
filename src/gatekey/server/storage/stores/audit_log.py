"""The audit log in SQL; changes write their entries in their own transaction."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from gatekey.server.audit.model import AuditEntry, AuditQuery
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.sql.times import to_seconds, to_time

_AUDIT = tables.audit


@dataclass(frozen=True, slots=True)
class SqlAuditLog:
    """The `AuditLog` port over the database."""

    database: Database

    def append(self, entry: AuditEntry) -> AuditEntry:
        """Keep an entry about something that no store changes, and return it with its number."""
        with self.database.writing() as connection:
            return replace(entry, number=_write(connection, entry))

    def find(self, number: int) -> AuditEntry | None:
        """Return one entry."""
        with self.database.reading() as connection:
            row = connection.execute(select(_AUDIT).where(_AUDIT.c.entry == number)).first()
        return None if row is None else _entry_of(row)

    def page(self, query: AuditQuery) -> tuple[AuditEntry, ...]:
        """Return the entries that the query asks for, newest first."""
        wanted = select(_AUDIT).order_by(_AUDIT.c.entry.desc()).limit(query.limit)
        if query.actor is not None:
            wanted = wanted.where(_AUDIT.c.actor == query.actor)
        if query.subject_id is not None:
            wanted = wanted.where(_AUDIT.c.subject_id == query.subject_id)
        if query.since is not None:
            wanted = wanted.where(_AUDIT.c.at >= to_seconds(query.since))
        if query.before is not None:
            wanted = wanted.where(_AUDIT.c.entry < query.before)
        with self.database.reading() as connection:
            return tuple(_entry_of(row) for row in connection.execute(wanted))


def record(  # noqa: PLR0913, PLR0917 - read aloud the arguments are the entry: then, who, did, what
    connection: Connection, at: datetime, actor: str, action: str, subject: str, subject_id: str, **detail: str
) -> None:
    """Write one entry in the transaction of the change that it tells of. Never pass a secret."""
    _write(connection, AuditEntry(at, actor, action, subject, subject_id, detail))


def _write(connection: Connection, entry: AuditEntry) -> int:
    values = {
        "at": to_seconds(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "subject_id": entry.subject_id,
        "detail": json.dumps(dict(entry.detail), sort_keys=True),
    }
    return int(connection.execute(insert(_AUDIT).values(values).returning(_AUDIT.c.entry)).scalar_one())


def _entry_of(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        to_time(row.at), row.actor, row.action, row.subject, row.subject_id, json.loads(row.detail), row.entry
    )
