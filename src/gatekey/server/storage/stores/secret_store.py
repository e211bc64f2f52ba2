"""Client secrets and client keys in SQL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from gatekey.server.clients.model import ClientKey, ListedSecret, Refused, SecretRotation, SecretUse, StoredSecret
from gatekey.server.clients.ports import StoredSecrets
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.changes import Topic, note_changes
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.sql.times import to_seconds, to_time
from gatekey.server.storage.stores.audit_log import record
from gatekey.server.storage.stores.revocation_store import write_revocation
from gatekey.server.tokens.revocation import Kind, Revocation, name_key, revoke_all_until

_SECRET, _USE, _KEY, _CLIENT = tables.client_secret, tables.secret_use, tables.client_key, tables.client
NO_CLIENT = Refused("There is no such client.", "client unknown or deleted")


@dataclass(frozen=True, slots=True)
class SqlSecretStore:
    """The `SecretStore` and `KeyStore` ports over the database; `longest_life` is how long a token can live."""

    database: Database
    longest_life: timedelta

    def secrets_of(self, client_id: str) -> tuple[ListedSecret, ...]:
        """Return the secrets of a live client, oldest first."""
        query = (
            select(_SECRET, _USE.c.at, _USE.c.address, _USE.c.user_agent)
            .join(_CLIENT, _CLIENT.c.client_id == _SECRET.c.client_id)
            .outerjoin(_USE, _USE.c.secret_id == _SECRET.c.secret_id)
            .where(_SECRET.c.client_id == client_id, _CLIENT.c.deleted.is_(None))
            .order_by(_SECRET.c.created, _SECRET.c.secret_id)
        )
        with self.database.reading() as connection:
            return tuple(_listed(row) for row in connection.execute(query))

    def find_secret(self, secret_id: str) -> StoredSecret | None:
        """Return a secret of a live client, also one that has ended."""
        query = (
            select(_SECRET)
            .join(_CLIENT, _CLIENT.c.client_id == _SECRET.c.client_id)
            .where(_SECRET.c.secret_id == secret_id, _CLIENT.c.deleted.is_(None))
        )
        with self.database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _stored(row)

    def live_secret(self, secret_id: str, now: datetime) -> StoredSecret | None:
        """Return a secret that works now."""
        secret = self.find_secret(secret_id)
        return secret if secret is not None and secret.lives(now) else None

    def rotate_secret(
        self, client_id: str, plan: Callable[[StoredSecrets], SecretRotation | Refused], *, by: str
    ) -> SecretRotation | Refused:
        """Carry out what `plan` makes of the client's secrets as they are now; refused without the client."""
        with self.database.writing() as connection:
            if not _is_live(connection, client_id):
                return NO_CLIENT
            rotation = plan(_stored_secrets(connection, client_id))
            if isinstance(rotation, Refused):
                return rotation
            new = rotation.new
            connection.execute(insert(_SECRET).values(secret_row(new)))
            for other in rotation.ending:
                self._end(connection, other.secret_id, rotation.ends, revoke=rotation.revoke)
            record(connection, new.created, by, "rotated", "client secret", client_id, new=new.secret_id)
            note_changes(connection, Topic.CLIENT, client_id)
            return rotation

    def end_secret(
        self, client_id: str, secret_id: str, check: Callable[[StoredSecrets], Refused | None], *, at: datetime, by: str
    ) -> Refused | None:
        """End a secret and revoke its tokens, unless `check` refuses that with the client's secrets as they are now."""
        with self.database.writing() as connection:
            if not _is_live(connection, client_id):
                return NO_CLIENT
            refused = check(_stored_secrets(connection, client_id))
            if refused is None:
                self._end(connection, secret_id, at, revoke=True)
                record(connection, at, by, "ended", "client secret", secret_id)
                note_changes(connection, Topic.CLIENT, client_id)
            return refused

    def end_leaked(self, secret_id: str, *, at: datetime, by: str) -> None:
        """End a secret, even the last one, and revoke its tokens."""
        with self.database.writing() as connection:
            self._end(connection, secret_id, at, revoke=True)
            record(connection, at, by, "ended as leaked", "client secret", secret_id)
            owner = select(_SECRET.c.client_id).where(_SECRET.c.secret_id == secret_id)
            note_changes(connection, Topic.CLIENT, *connection.execute(owner).scalars())

    def mark_presented(self, secret_id: str, at: datetime) -> None:
        """Note that a person was handed the secret's text."""
        with self.database.writing() as connection:
            connection.execute(update(_SECRET).where(_SECRET.c.secret_id == secret_id).values(presented=to_seconds(at)))

    def note_uses(self, uses: Mapping[str, SecretUse]) -> None:
        """Keep the last use of each secret, many in one transaction; ids that are not ours are passed over."""
        with self.database.writing() as connection:
            known = set(connection.execute(select(_SECRET.c.secret_id).where(_SECRET.c.secret_id.in_(uses))).scalars())
            connection.execute(delete(_USE).where(_USE.c.secret_id.in_(known)))
            rows = [
                {"secret_id": secret_id, "at": to_seconds(use.at), "address": use.address, "user_agent": use.user_agent}
                for secret_id, use in uses.items()
                if secret_id in known
            ]
            if rows:
                connection.execute(insert(_USE), rows)

    def keys_of(self, client_id: str) -> tuple[ClientKey, ...]:
        """Return the keys of a live client, oldest first."""
        query = (
            select(_KEY)
            .join(_CLIENT, _CLIENT.c.client_id == _KEY.c.client_id)
            .where(_KEY.c.client_id == client_id, _CLIENT.c.deleted.is_(None))
            .order_by(_KEY.c.created, _KEY.c.key_id)
        )
        with self.database.reading() as connection:
            return tuple(
                ClientKey(row.key_id, row.client_id, row.jwk, to_time(row.created)) for row in connection.execute(query)
            )

    def add_keys(self, keys: tuple[ClientKey, ...], *, by: str) -> Refused | None:
        """Keep new keys, all or none; refused when a kid is taken or the client is gone."""
        first = keys[0]
        with self.database.writing() as connection:
            if not _is_live(connection, first.client_id):
                return NO_CLIENT
            rows = [
                {"client_id": key.client_id, "key_id": key.key_id, "jwk": key.jwk, "created": to_seconds(key.created)}
                for key in keys
            ]
            taken = select(_KEY.c.key_id).where(
                _KEY.c.client_id == first.client_id, _KEY.c.key_id.in_([key.key_id for key in keys])
            )
            if connection.execute(taken).first() is not None:
                return Refused("The client has a key with this kid already.", "kid taken")
            connection.execute(insert(_KEY), rows)
            record(connection, first.created, by, "registered", "client key", first.client_id, kid=first.key_id)
            note_changes(connection, Topic.CLIENT, first.client_id)
            return None

    def remove_key(self, client_id: str, key_id: str, *, by: str, at: datetime) -> bool:
        """Remove a key and revoke the tokens it got; False when there is none."""
        with self.database.writing() as connection:
            gone = connection.execute(
                delete(_KEY).where(_KEY.c.client_id == client_id, _KEY.c.key_id == key_id)
            ).rowcount
            if gone:
                self._revoke(connection, name_key(client_id, key_id), at)
                record(connection, at, by, "removed", "client key", client_id, kid=key_id)
                note_changes(connection, Topic.CLIENT, client_id)
            return bool(gone)

    def _end(self, connection: Connection, secret_id: str, ends: datetime, *, revoke: bool) -> None:
        connection.execute(update(_SECRET).where(_SECRET.c.secret_id == secret_id).values(ends=to_seconds(ends)))
        if revoke:
            self._revoke(connection, secret_id, ends)

    def _revoke(self, connection: Connection, credential_id: str, at: datetime) -> None:
        now = to_seconds(at)
        until = to_seconds(at + self.longest_life)
        write_revocation(connection, Revocation(Kind.CREDENTIAL, credential_id, revoke_all_until(now), until), now)


def count_ending(database: Database, after: float, until: float) -> int:
    """Return how many secrets of live clients end within a time (seconds since 1970)."""
    query = (
        select(func.count())
        .select_from(_SECRET)
        .join(_CLIENT, _CLIENT.c.client_id == _SECRET.c.client_id)
        .where(_SECRET.c.ends > after, _SECRET.c.ends <= until, _CLIENT.c.deleted.is_(None))
    )
    with database.reading() as connection:
        return connection.execute(query).scalar_one()


def secret_row(secret: StoredSecret) -> dict[str, object]:
    """Return the row of a stored secret."""
    return {
        "secret_id": secret.secret_id,
        "client_id": secret.client_id,
        "digest": secret.digest,
        "label": secret.label,
        "created": to_seconds(secret.created),
        "presented": None if secret.presented is None else to_seconds(secret.presented),
        "ends": None if secret.ends is None else to_seconds(secret.ends),
    }


def _is_live(connection: Connection, client_id: str) -> bool:
    query = select(_CLIENT.c.client_id).where(_CLIENT.c.client_id == client_id, _CLIENT.c.deleted.is_(None))
    return connection.execute(query).first() is not None


def _stored_secrets(connection: Connection, client_id: str) -> StoredSecrets:
    query = select(_SECRET).where(_SECRET.c.client_id == client_id).order_by(_SECRET.c.created, _SECRET.c.secret_id)
    return tuple(_stored(row) for row in connection.execute(query))


def _stored(row: Row[Any]) -> StoredSecret:
    return StoredSecret(
        secret_id=row.secret_id,
        client_id=row.client_id,
        digest=row.digest,
        created=to_time(row.created),
        presented=None if row.presented is None else to_time(row.presented),
        label=row.label,
        ends=None if row.ends is None else to_time(row.ends),
    )


def _listed(row: Row[Any]) -> ListedSecret:
    use = None if row.at is None else SecretUse(to_time(row.at), row.address, row.user_agent)
    return ListedSecret(_stored(row), use)
