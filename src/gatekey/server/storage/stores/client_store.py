"""API clients in SQL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, tuple_, update

from gatekey.oauth.vocabulary import Scope, in_order
from gatekey.server.clients.model import Change, Client, ClientQuery, ListedClient, Refused, StoredSecret
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.changes import Topic, note_changes
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.sql.times import to_seconds, to_time
from gatekey.server.storage.stores.audit_log import record
from gatekey.server.storage.stores.revocation_store import write_revocation
from gatekey.server.storage.stores.secret_store import secret_row
from gatekey.server.tokens.revocation import Kind, Revocation, name_scope, revoke_all_until


@dataclass(frozen=True, slots=True)
class SqlClientStore:
    """The `ClientStore` port over the database; `longest_life` is how long a token can live."""

    database: Database
    longest_life: timedelta

    def add(self, client: Client, secret: StoredSecret) -> Refused | None:
        """Keep a new client and its first secret; refused when the name is taken or the cluster is gone."""
        with self.database.writing() as connection:
            if not _cluster_exists(connection, client.cluster_id):
                return Refused("There is no such cluster.", "cluster unknown", "cluster")
            taken = _name_taken(connection, client)
            if taken is not None:
                return taken
            connection.execute(insert(tables.client).values(_client_row(client)))
            connection.execute(insert(tables.client_secret).values(secret_row(secret)))
            record(
                connection, client.created, client.created_by, "created", "client", client.client_id, name=client.name
            )
            note_changes(connection, Topic.CLIENT, client.client_id)
            return None

    def page(self, query: ClientQuery) -> tuple[ListedClient, ...]:
        """Return the clients that the query asks for; what was deleted is in no list."""
        which = [_of_query(query.cluster_id, query.text)]
        if query.after is not None:
            last = select(_CLIENT.c.created).where(_CLIENT.c.client_id == query.after).scalar_subquery()
            which.append(tuple_(_CLIENT.c.created, _CLIENT.c.client_id) > tuple_(last, query.after))
        return self._listed(*which, limit=query.limit)

    def count(self, cluster_id: str, text: str = "") -> int:
        """Return how many clients all pages of such a query have."""
        query = select(func.count()).where(_LIVE, _of_query(cluster_id, text))
        with self.database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def called(self, name: str) -> tuple[ListedClient, ...]:
        """Return the clients of all clusters that have this name, whatever the case of its letters."""
        return self._listed(func.lower(_CLIENT.c.name) == name.lower())

    def find(self, client_id: str) -> ListedClient | None:
        """Return a client that was not deleted."""
        return next(iter(self._listed(_CLIENT.c.client_id == client_id)), None)

    def change(
        self, client_id: str, plan: Callable[[Client], Change | Refused], *, by: str, at: datetime
    ) -> Change | Refused | None:
        """Carry out what `plan` makes of the client as it is now, and revoke what it lost; None when there is none."""
        table = tables.client
        with self.database.writing() as connection:
            row = connection.execute(
                select(table).where(table.c.client_id == client_id, table.c.deleted.is_(None))
            ).first()
            if row is None:
                return None
            change = plan(client_of(row))
            if isinstance(change, Refused):
                return change
            values = _client_row(change.client)
            connection.execute(update(table).where(table.c.client_id == client_id).values(values))
            now = to_seconds(at)
            for scope in in_order(change.lost):
                self._revoke(connection, Kind.SCOPE, name_scope(client_id, scope), now)
            detail = {"scopes": str(values["scopes"]), "lifetime": str(change.client.lifetime or "usual")}
            record(connection, at, by, "changed", "client", client_id, **detail)
            note_changes(connection, Topic.CLIENT, client_id)
            return change

    def delete(self, client_id: str, *, by: str, at: datetime) -> bool:
        """Delete a client and revoke its tokens: from the return on it gets none. False when there was none."""
        with self.database.writing() as connection:
            deleted = connection.execute(
                update(tables.client)
                .where(tables.client.c.client_id == client_id, tables.client.c.deleted.is_(None))
                .values(deleted=to_seconds(at))
            ).rowcount
            if deleted:
                self._revoke(connection, Kind.CLIENT, client_id, to_seconds(at))
                record(connection, at, by, "deleted", "client", client_id)
                note_changes(connection, Topic.CLIENT, client_id)
            return bool(deleted)

    def delete_all(self, cluster_id: str, *, by: str, at: datetime) -> int:
        """Delete all clients of a cluster, in one transaction, and revoke their tokens; returns how many there were."""
        now = to_seconds(at)
        which = (_CLIENT.c.cluster_id == cluster_id, _LIVE)
        with self.database.writing() as connection:
            client_ids = tuple(connection.execute(select(_CLIENT.c.client_id).where(*which)).scalars())
            connection.execute(update(_CLIENT).where(*which).values(deleted=now))
            for client_id in client_ids:
                self._revoke(connection, Kind.CLIENT, client_id, now)
                record(connection, at, by, "deleted", "client", client_id)
            note_changes(connection, Topic.CLIENT, *client_ids)
            return len(client_ids)

    def _revoke(self, connection: Connection, kind: Kind, subject: str, now: float) -> None:
        until = now + self.longest_life.total_seconds()
        write_revocation(connection, Revocation(kind, subject, revoke_all_until(now), until), now)

    def _listed(self, *which: ColumnElement[bool], limit: int | None = None) -> tuple[ListedClient, ...]:
        secret = tables.client_secret
        presented = (
            select(func.count(secret.c.secret_id))
            .where(secret.c.client_id == _CLIENT.c.client_id, secret.c.presented.is_not(None))
            .scalar_subquery()
        )
        query = (
            select(_CLIENT, presented.label("presented"))
            .where(_LIVE, *which)
            .order_by(_CLIENT.c.created, _CLIENT.c.client_id)
            .limit(limit)
        )
        with self.database.reading() as connection:
            return tuple(
                ListedClient(client_of(row), secret_presented=row.presented > 0) for row in connection.execute(query)
            )


_CLIENT = tables.client
_LIVE = _CLIENT.c.deleted.is_(None)


def _of_query(cluster_id: str, text: str) -> ColumnElement[bool]:
    of_cluster = _CLIENT.c.cluster_id == cluster_id
    if not text:
        return of_cluster
    holds = func.instr(func.lower(_CLIENT.c.name), text.lower()) > 0
    return and_(of_cluster, or_(holds, _CLIENT.c.client_id == text))


def _name_taken(connection: Connection, client: Client) -> Refused | None:
    same_name = and_(
        func.lower(_CLIENT.c.name) == client.name.lower(), _CLIENT.c.cluster_id == client.cluster_id, _LIVE
    )
    same = or_(same_name, _CLIENT.c.client_id == client.client_id)
    taken = connection.execute(select(_CLIENT.c.name).where(same)).scalar()
    if taken is None:
        return None
    also = "" if taken == client.name else ", and upper and lower case make no difference"
    public = f"Client names must be unique: the cluster already has a client {taken!r}{also}."
    return Refused(public, "name taken", "name")


def client_of(row: Row[Any]) -> Client:
    """Return the client that a row of the client table holds."""
    return Client(
        client_id=row.client_id,
        cluster_id=row.cluster_id,
        organisation_id=row.organisation_id,
        name=row.name,
        scopes=frozenset(Scope(word) for word in row.scopes.split(",")),
        created=to_time(row.created),
        created_by=row.created_by,
        lifetime=row.lifetime,
    )


def _cluster_exists(connection: Connection, cluster_id: str) -> bool:
    cluster = tables.cluster
    query = select(cluster.c.cluster_id).where(cluster.c.cluster_id == cluster_id, cluster.c.deleted.is_(None))
    return connection.execute(query).first() is not None


def _client_row(client: Client) -> dict[str, object]:
    return {
        "client_id": client.client_id,
        "cluster_id": client.cluster_id,
        "organisation_id": client.organisation_id,
        "name": client.name,
        "scopes": ",".join(in_order(client.scopes)),
        "created": to_seconds(client.created),
        "created_by": client.created_by,
        "lifetime": client.lifetime,
    }
