"""Making a backup while the service runs."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from gatekey.errors import ServiceError
from gatekey.server.storage.backups.archive import (
    MASTER_KEY,
    SITE,
    TLS,
    Manifest,
    sha256_of,
    write_archive,
)
from gatekey.server.storage.folder import SITE_NAME, DataFolder
from gatekey.server.storage.sql.migrating import HEAD
from gatekey.server.storage.stores.installation_store import read_installation
from gatekey.server.vault.master_key import MasterKey
from gatekey.server.vault.passphrase import seal_under
from gatekey.server.vault.sealing import Seal

AUTHORITY_FILES = ("ca.pem", "ca.key")
"""The local certificate authority: with another one every client would have to trust anew."""


def make_backup(folder: DataFolder, master: MasterKey, target: Path, *, passphrase: str | None, now: float) -> Manifest:
    """
    Write a backup of the installation to the new file `target`. Raises `ServiceError`.

    The master key is in it under the passphrase, or not at all without one. What else must not lie in clear is sealed
    under the master key, as it is in the database.
    """
    copy = target.with_name(f".{target.name}.db")
    small = _small_members(folder, master)
    if passphrase is not None:
        small[MASTER_KEY] = seal_under(passphrase, master.to_text().encode(), MASTER_KEY)
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy_database(folder.database_path, copy)
        installation = read_installation(copy)
        manifest = Manifest(installation.installation_id, now, HEAD, sha256_of(copy))
        write_archive(target, copy, manifest, small)
    except OSError as error:
        raise ServiceError(f"The backup {target} cannot be written: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise ServiceError(f"The database {folder.database_path} cannot be copied: {error}.") from error
    finally:
        copy.unlink(missing_ok=True)
    return manifest


def _copy_database(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        original.backup(copy)  # in one read transaction: one consistent state, and writers go on
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without side files
        copy.execute("PRAGMA secure_delete=ON")
        for table in ("session", "sign_in_link"):  # nobody is to be signed in by a restore
            copy.execute(f"DELETE FROM {table}")  # noqa: S608 - names from this line
        (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise ServiceError(f"The database {source} is damaged: {verdict}.", hint="Restore an earlier backup.")


def _small_members(folder: DataFolder, master: MasterKey) -> dict[str, bytes]:
    small = {}
    site = folder.path / SITE_NAME
    if site.exists():
        small[SITE] = site.read_bytes()
    authority = {name: folder.tls_path / name for name in AUTHORITY_FILES}
    if all(path.exists() for path in authority.values()):
        texts = {name: path.read_text(encoding="ascii") for name, path in authority.items()}
        small[TLS] = Seal(master.derive("backups")).close(json.dumps(texts).encode(), TLS)
    return small
