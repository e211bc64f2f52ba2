"""Signing keys in SQL: sealed, with their lives."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from gatekey.server.signing_keys.keys import Algorithm, SigningKey
from gatekey.server.signing_keys.rotation import Kept, KeyLife, Retirement, Rotation
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.changes import Topic, note_changes
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.sql.times import to_seconds
from gatekey.server.storage.stores.audit_log import record
from gatekey.server.vault.sealing import Seal

Lives = tuple[KeyLife, ...]


@dataclass(frozen=True, slots=True)
class Retired:
    """A key whose life ended, and the new one that came with that, if one had to."""

    life: KeyLife
    successor: KeyLife | None


@dataclass(frozen=True, slots=True)
class SqlKeyStore:
    """Reads the lives of signing keys and changes them, each change in one transaction. Raises `StorageUnavailable`."""

    database: Database
    seal: Seal

    def lives(self) -> Lives:
        """Return every key that is kept, oldest first."""
        with self.database.reading() as connection:
            return _lives(connection)

    def rotate(self, plan: Callable[[Lives], Rotation | None], *, by: str, at: datetime) -> KeyLife | None:
        """Carry out the rotation that `plan` makes of the lives as they are now; two workers can never both do it."""
        with self.database.writing() as connection:
            rotation = plan(_lives(connection))
            return self._carry_out(connection, rotation, by, at) if rotation else None

    def retire(
        self, plan: Callable[[Lives], Retirement | Kept], *, action: str, by: str, at: datetime
    ) -> Retired | Kept:
        """
        Carry out the retirement that `plan` makes of the lives as they are now, together with the rotation it needs.

        `action` is the word for the audit.
        """
        with self.database.writing() as connection:
            retirement = plan(_lives(connection))
            if isinstance(retirement, Kept):
                return retirement
            _write_retirement(connection, retirement.life)
            record(connection, at, by, action, "signing key", retirement.life.key_id)
            rotation = retirement.successor
            successor = self._carry_out(connection, rotation, by, at) if rotation else None
            note_changes(connection, Topic.SIGNING_KEY, retirement.life.key_id)
            return Retired(retirement.life, successor)

    def _carry_out(self, connection: Connection, rotation: Rotation, by: str, at: datetime) -> KeyLife:
        key = SigningKey.generate(rotation.algorithm)
        life = KeyLife(key.key_id, key.algorithm, to_seconds(at), rotation.signs_from)
        add_key(connection, key, life, self.seal)
        for retiring in rotation.retiring:
            _write_retirement(connection, retiring)
        record(connection, at, by, "rotated", "signing key", key.key_id, algorithm=key.algorithm.value)
        note_changes(connection, Topic.SIGNING_KEY, key.key_id)
        return life


def add_key(connection: Connection, key: SigningKey, life: KeyLife, seal: Seal) -> None:
    """Write a new key, sealed."""
    connection.execute(
        insert(tables.signing_key).values(
            key_id=key.key_id,
            algorithm=key.algorithm.value,
            sealed=seal.close(key.to_pem(), f"signing key {key.key_id}"),
            created=life.created,
            signs_from=life.signs_from,
            retires=life.retires,
        )
    )


def _lives(connection: Connection) -> Lives:
    table = tables.signing_key
    columns = (table.c.key_id, table.c.algorithm, table.c.created, table.c.signs_from, table.c.retires)
    rows = connection.execute(select(*columns).order_by(table.c.created, table.c.key_id))
    return tuple(
        KeyLife(row.key_id, Algorithm(row.algorithm), row.created, row.signs_from, row.retires) for row in rows
    )


def _write_retirement(connection: Connection, life: KeyLife) -> None:
    connection.execute(
        update(tables.signing_key).where(tables.signing_key.c.key_id == life.key_id).values(retires=life.retires)
    )
