"""The file of a backup: a tar archive of known members, checked before anything of it is used."""

import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gatekey.errors import ServiceError

MANIFEST, DATABASE, SITE = "backup.json", "gatekey.db", "site.json"
MASTER_KEY, TLS = "master.key.sealed", "tls.sealed"
MEMBERS = (MANIFEST, DATABASE, SITE, MASTER_KEY, TLS)

FORM = 1
"""Of the archive; a higher one is of a newer Gatekey."""

SMALL_LIMIT = 1024 * 1024
"""Bytes of each member but the database."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself; `made` is in seconds since 1970, `sha256` is of the database."""

    installation_id: str
    made: float
    revision: str
    sha256: str
    form: int = FORM


def write_archive(target: Path, database: Path, manifest: Manifest, small: Mapping[str, bytes]) -> None:
    """Write a new archive (0600), durably: temporary file, fsync, link. Raises `ServiceError`; replaces nothing."""
    temporary = target.with_name(f".{target.name}.new")
    try:
        with _private(temporary) as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
            _add(archive, MANIFEST, json.dumps(asdict(manifest), indent=2).encode())
            for name, content in small.items():
                _add(archive, name, content)
            with database.open("rb") as source:
                archive.addfile(_member(DATABASE, database.stat().st_size), source)
        _to_disk(temporary)
        os.link(temporary, target)  # unlike a rename it never replaces a file
        _to_disk(target.parent)
    except FileExistsError as error:
        raise ServiceError(f"{target} is there already; a backup replaces no file.") from error
    except OSError as error:
        raise ServiceError(f"The backup {target} cannot be written: {error.strerror}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_archive(source: Path, database: Path) -> tuple[Manifest, Mapping[str, bytes]]:
    """
    Write the archive's database to the new file `database`, and return what it says and its small members.

    Raises `ServiceError` for whatever is no whole backup.
    """
    small: dict[str, bytes] = {}
    digest = None
    try:
        with tarfile.open(source, mode="r:gz") as archive:
            for member in archive:
                if member.name not in MEMBERS or not member.isreg() or member.name in small:
                    raise _broken(source, f"it holds {member.name!r}")
                content = archive.extractfile(member)
                if content is None:
                    raise _broken(source, f"{member.name} cannot be read")
                if member.name == DATABASE:
                    digest = _copy(content, database)
                elif member.size > SMALL_LIMIT:
                    raise _broken(source, f"{member.name} is too large")
                else:
                    small[member.name] = content.read()
        manifest = _read_manifest(source, small.pop(MANIFEST, b""))
        if digest != manifest.sha256:
            raise _broken(source, "the database in it is not the one that was saved")
    except (OSError, EOFError, tarfile.TarError) as error:
        raise _broken(source, str(error)) from error
    return manifest, small


def sha256_of(path: Path) -> str:
    """Return the digest of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_manifest(source: Path, text: bytes) -> Manifest:
    try:
        values: Any = json.loads(text)
        manifest = Manifest(**values)
    except (ValueError, TypeError) as error:
        raise _broken(source, f"{MANIFEST} is missing or not readable") from error
    if manifest.form > FORM:
        raise ServiceError(f"{source} was written by a newer Gatekey.", hint="Restore it with that version.")
    return manifest


def _broken(source: Path, why: str) -> ServiceError:
    return ServiceError(f"{source} is no whole backup: {why}.", hint="Take another one; nothing was written.")


def _private(path: Path) -> io.BufferedWriter:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    return os.fdopen(descriptor, "wb")


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(time.time())
    return member


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    archive.addfile(_member(name, len(content)), io.BytesIO(content))


def _copy(content: Any, target: Path) -> str:
    digest = hashlib.sha256()
    with _private(target) as file:
        while chunk := content.read(SMALL_LIMIT):
            digest.update(chunk)
            file.write(chunk)
    _to_disk(target)
    return digest.hexdigest()


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
