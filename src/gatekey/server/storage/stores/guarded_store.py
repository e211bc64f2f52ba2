"""What gateways guard, read by what changed of it."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, and_, or_, select

from gatekey.server.clusters.model import Cluster
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.changes import LoggedChange, Topic, changes_after, last_number, name_revocation
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.stores.cluster_store import cluster_of
from gatekey.server.tokens.revocation import Kind, Revocation

PARAMETERS = 250
"""Subjects in one statement; SQLite before 3.32 takes 999 parameters."""


@dataclass(frozen=True, slots=True)
class GuardedRevocation:
    """A revocation, and whether its client is gone for good; only those of whole clients say so."""

    revocation: Revocation
    for_ever: bool


@dataclass(frozen=True, slots=True)
class GuardedChanges:
    """
    What is so at the change `number`: of all that there is (`whole`), or of what changed since the number asked for.

    None stands for what is gone. Revocations are named as `name_revocation` does.
    """

    number: int
    whole: bool
    clusters: Mapping[str, Cluster | None]
    revocations: Mapping[str, GuardedRevocation | None]


@dataclass(frozen=True, slots=True)
class SqlGuardedStore:
    """Reads clusters and revocations in one transaction. Raises `StorageUnavailable`."""

    database: Database

    def changes(self, since: int, *, revocations: bool = True) -> GuardedChanges:
        """Return what changed after the change `since`, or all there is where nobody can say that any more."""
        with self.database.reading() as connection:
            driver = cast("sqlite3.Connection", connection.connection.driver_connection)
            number, changes = last_number(driver), changes_after(driver, since)
            if changes is None:
                read = _all_revocations(connection) if revocations else {}
                return GuardedChanges(number, whole=True, clusters=_all_clusters(connection), revocations=read)
            read = _revocations(connection, _subjects(changes, Topic.REVOCATION)) if revocations else {}
            clusters = _clusters(connection, _subjects(changes, Topic.CLUSTER))
            return GuardedChanges(number, whole=False, clusters=clusters, revocations=read)


_LIVE = select(tables.cluster).where(tables.cluster.c.deleted.is_(None))


def _subjects(changes: Iterable[LoggedChange], topic: Topic) -> list[str]:
    return sorted({change.subject for change in changes if change.topic is topic})


def _all_clusters(connection: Connection) -> dict[str, Cluster | None]:
    return {row.cluster_id: cluster_of(row) for row in connection.execute(_LIVE)}


def _clusters(connection: Connection, cluster_ids: list[str]) -> dict[str, Cluster | None]:
    table = tables.cluster
    found: dict[str, Cluster | None] = dict.fromkeys(cluster_ids)
    for start in range(0, len(cluster_ids), PARAMETERS):
        some = _LIVE.where(table.c.cluster_id.in_(cluster_ids[start : start + PARAMETERS]))
        found |= {row.cluster_id: cluster_of(row) for row in connection.execute(some)}
    return found


_REVOCATION, _CLIENT = tables.revocation, tables.client
_WITH_CLIENT = select(_REVOCATION, _CLIENT.c.client_id, _CLIENT.c.deleted).outerjoin(
    _CLIENT, and_(_REVOCATION.c.kind == Kind.CLIENT.value, _CLIENT.c.client_id == _REVOCATION.c.subject)
)


def _all_revocations(connection: Connection) -> dict[str, GuardedRevocation | None]:
    return _read(connection.execute(_WITH_CLIENT))


def _revocations(connection: Connection, names: list[str]) -> dict[str, GuardedRevocation | None]:
    found: dict[str, GuardedRevocation | None] = dict.fromkeys(names)
    for start in range(0, len(names), PARAMETERS):
        parts = (name.partition(":") for name in names[start : start + PARAMETERS])
        these = or_(*(and_(_REVOCATION.c.kind == kind, _REVOCATION.c.subject == subject) for kind, _, subject in parts))
        found |= _read(connection.execute(_WITH_CLIENT.where(these)))
    return found


def _read(rows: Iterable[Any]) -> dict[str, GuardedRevocation | None]:
    found: dict[str, GuardedRevocation | None] = {}
    for row in rows:
        revocation = Revocation(Kind(row.kind), row.subject, row.before, row.until)
        gone = revocation.kind is Kind.CLIENT and (row.client_id is None or row.deleted is not None)
        found[name_revocation(row.kind, row.subject)] = GuardedRevocation(revocation, gone)
    return found
