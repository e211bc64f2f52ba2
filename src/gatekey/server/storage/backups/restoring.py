"""Bringing a backup back into a data folder that holds no installation."""

import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from gatekey.errors import ServiceError
from gatekey.server.storage.backups.archive import MASTER_KEY, SITE, TLS, Manifest, read_archive
from gatekey.server.storage.backups.making import AUTHORITY_FILES
from gatekey.server.storage.backups.returning import keep_gone
from gatekey.server.storage.folder import SITE_NAME, DataFolder
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.changes import Topic
from gatekey.server.storage.sql.database import Database, create_private
from gatekey.server.storage.sql.migrating import HEAD, migrate
from gatekey.server.storage.sql.times import to_time
from gatekey.server.storage.stores.audit_log import record
from gatekey.server.vault.master_key import MasterKey, load_master_key, read_master_key, write_master_key
from gatekey.server.vault.passphrase import open_under
from gatekey.server.vault.sealing import Seal

LEAP = 1_000_000
"""Changes; gateways may hold the number of one that came after the backup, and it must not come again."""


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """
    What to restore: the file `source` into `folder`.

    The master key is `key`, or lies in the folder already, or is in the backup under the `passphrase`. `lost` is the
    folder as it was last, where it still is.
    """

    source: Path
    folder: DataFolder
    key: MasterKey | None = None
    passphrase: str | None = field(default=None, repr=False)
    lost: Path | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there now; `kept_gone` counts what stays deleted or revoked, None where nobody could say."""

    path: Path
    manifest: Manifest
    clients: int
    kept_gone: Mapping[str, int] | None


def restore_backup(request: RestoreRequest, *, by: str, now: float) -> Restored:
    """Restore a backup. Raises `ServiceError`; then no installation is there that was not."""
    source, folder = request.source, request.folder
    _refuse_to_overwrite(folder)
    temporary = folder.path / "restored.db"
    try:
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        manifest, small = read_archive(source, temporary)
        if manifest.revision > HEAD:
            raise ServiceError(f"{source} was written by a newer Gatekey.", hint="Restore it with that version.")
        master = _master_key(request, small)
        with closing(Database(temporary)) as database:
            migrate(database)
            _check_key(database, master)
            kept_gone = _settle(database, manifest, request.lost, by, now)
            database.checkpoint()
            with database.reading() as connection:
                live = select(func.count()).select_from(tables.client).where(tables.client.c.deleted.is_(None))
                clients = int(connection.execute(live).scalar_one())
        _write_rest(folder, master, manifest, small, with_key=request.key is None)
        temporary.rename(folder.database_path)  # last: until then there is no installation
    except OSError as error:
        raise ServiceError(f"The data folder {folder.path} cannot be written: {error.strerror}.") from error
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{temporary}{suffix}").unlink(missing_ok=True)
    return Restored(folder.path, manifest, clients, kept_gone)


def _refuse_to_overwrite(folder: DataFolder) -> None:
    if folder.database_path.exists():
        raise ServiceError(
            f"There is an installation in {folder.path} already; a restore replaces none.",
            hint="Move the folder away, or name another one with --data.",
        )


def _master_key(request: RestoreRequest, small: Mapping[str, bytes]) -> MasterKey:
    beside = request.folder.master_key_path
    if request.key is not None:
        return request.key
    if MASTER_KEY in small and request.passphrase is not None:
        text = open_under(request.passphrase, small[MASTER_KEY], MASTER_KEY).decode("ascii")
        return read_master_key(text, "The key in the backup")
    if beside.exists():
        return load_master_key(beside)
    way = "--passphrase-file, or " if MASTER_KEY in small else ""
    raise ServiceError(
        "The master key is missing: without it nothing in the backup can be opened.",
        hint=f"Give {way}the key: put it back as {beside}, or set GATEKEY_MASTER_KEY_FILE.",
    )


def _check_key(database: Database, master: MasterKey) -> None:
    key = tables.signing_key
    with database.reading() as connection:
        row = connection.execute(select(key.c.key_id, key.c.sealed).limit(1)).first()
    if row is not None:
        Seal(master.derive("storage")).open(row.sealed, f"signing key {row.key_id}")


def _settle(database: Database, manifest: Manifest, lost: Path | None, by: str, now: float) -> Mapping[str, int] | None:
    """Keep gone what is known to be gone, tell all readers that everything changed, and write the audit entry."""
    kept_gone = None if lost is None else _keep_gone(database.path, lost)
    with database.writing() as connection:
        _leap(connection)
        made = to_time(manifest.made).isoformat(timespec="seconds")
        record(connection, to_time(now), by, "restored", "installation", manifest.installation_id, backup=made)
    return kept_gone


def _leap(connection: Connection) -> None:
    log = tables.change_log
    last = connection.execute(select(func.max(log.c.number))).scalar() or 0
    connection.execute(insert(log).values(number=last + LEAP, topic=Topic.EVERYTHING.value, subject=""))


def _keep_gone(path: Path, lost: Path) -> Mapping[str, int]:
    last = DataFolder(lost.absolute()).database_path
    try:
        with closing(Database(last)) as opened:
            migrate(opened)  # both need the newest tables
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("ATTACH ? AS lost", (f"{last.as_uri()}?mode=ro",))
            connection.execute("BEGIN IMMEDIATE")
            counts = keep_gone(connection).counts
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise ServiceError(
            f"The database {last} cannot be read: {error}.", hint="Restore without --lost, and look what is back."
        ) from error
    return counts


def _write_rest(
    folder: DataFolder, master: MasterKey, manifest: Manifest, small: Mapping[str, bytes], *, with_key: bool
) -> None:
    if SITE in small:
        _write_private(folder.path / SITE_NAME, small[SITE])
    if TLS in small:
        texts = json.loads(Seal(master.derive("backups")).open(small[TLS], TLS))
        folder.tls_path.mkdir(mode=0o700, exist_ok=True)
        for name in AUTHORITY_FILES:
            _write_private(folder.tls_path / name, texts[name].encode("ascii"))
    if with_key:
        write_master_key(folder.master_key_path, master, manifest.installation_id)


def _write_private(path: Path, content: bytes) -> None:
    create_private(path)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
