"""
A folder that all processes of a user share.

One file a credential, one a token endpoint, named by hashes; 0600 in 0700. Renewing is done under a lock that dies with
its holder, files are replaced as a whole: a process may be killed at any point. What the folder cannot do, memory does.
"""

import json
import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import pbkdf2_hmac, sha256
from pathlib import Path
from time import time
from typing import Final, TypeVar

from gatekey.client.cache import camunda_file, files, locking
from gatekey.client.cache.memory import MemoryCache
from gatekey.client.cache.ports import CacheKey, Release
from gatekey.client.cache.record import (
    CredentialRecord,
    EndpointRecord,
    decode_credential,
    decode_endpoint,
    encode_credential,
    encode_endpoint,
    record_of,
)
from gatekey.client.policy import Backoff, CacheEntry, merged
from gatekey.client.token import Token
from gatekey.errors import CacheError

T = TypeVar("T")

CREDENTIAL, ENDPOINT, LOCK = "credential-", "endpoint-", "lock-"

ROUNDS = 10_000
"""
Of PBKDF2, some milliseconds once a process. Secrets of Camunda and Gatekey are too random to be guessed from any hash;
those that people chose in a Keycloak are not, and the file names in a stolen backup shall not give them away.
"""

KEPT_BEYOND = 86_400.0
"""Seconds that a useless file stays, for those who ask `gatekey status` what happened."""

LOCKS = 2
"""Hexadecimal digits: at most 256 lock files, never removed, for removing a lock that somebody waits for splits it."""


def default_folder(environment: Mapping[str, str]) -> Path:
    """
    Return the folder of this user: `$GATEKEY_CACHE/tokens`, or where caches are by the XDG convention, which has
    relative paths passed over.

    Raises `CacheError` for a user without a home.
    """
    if named := environment.get("GATEKEY_CACHE"):
        return Path(named) / "tokens"
    caches = environment.get("XDG_CACHE_HOME", "")
    return (Path(caches) if caches.startswith("/") else _home() / ".cache") / "gatekey" / "tokens"


def default_neighbour(environment: Mapping[str, str]) -> Path | None:
    """Return the token file of Camunda's Java and Go clients; None for a user without a home."""
    if named := environment.get("CAMUNDA_CLIENT_CONFIG_PATH") or environment.get("ZEEBE_CLIENT_CONFIG_PATH"):
        return Path(named)
    try:
        return _home() / ".camunda" / "credentials"
    except CacheError:
        return None


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:  # as in containers that run under any number
        hint = "Set GATEKEY_CACHE to a folder that can be written."
        raise CacheError("Tokens cannot be kept: this user has no home folder.", "~", hint=hint) from error


class DiskCache:
    """
    Keeps everything in a folder, and in memory what the folder does not take.

    `neighbour` is the token file of Camunda's Java and Go clients, whose tokens are used too; None leaves it alone.
    """

    lasting: Final = True

    def __init__(self, folder: str | os.PathLike[str] | None = None, *, neighbour: Path | None = None) -> None:
        self.folder = Path(folder) if folder is not None else default_folder(os.environ)
        self._neighbour = neighbour
        self._neighbour_read: tuple[int, str] = (0, "")
        self._memory = MemoryCache()
        self._warned = False

    def look(self, key: CacheKey) -> CacheEntry:
        """Return the newest of what folder, memory and neighbour hold."""
        return merged(self._memory.look(key), self._safely(lambda: self._read(key), CacheEntry()))

    def keep(self, key: CacheKey, entry: CacheEntry) -> None:
        """Hold this in memory and, where possible, in the folder."""
        self._memory.keep(key, entry)
        self._safely(lambda: self._write(key, entry), None)

    def lock(self, key: CacheKey) -> Release | None:
        """Become the only process, and the only one in it, who renews this credential."""
        return self._safely(lambda: self._lock(key), None, instead=lambda: self._memory.lock(key))

    def when_free(self, key: CacheKey, then: Callable[[], object]) -> None:
        """Call `then` when no process has the lock, nor any thread of this one."""
        self._safely(lambda: self._when_free(key, then), None, instead=lambda: self._memory.when_free(key, then))

    def records(self) -> tuple[list[CredentialRecord], list[EndpointRecord]]:
        """Return all that the folder holds, for people who look. Raises `CacheError` where it cannot be read."""
        try:
            credentials = [decode_credential(content) for content in self._contents(CREDENTIAL)]
            endpoints = [decode_endpoint(content) for content in self._contents(ENDPOINT)]
        except OSError as error:
            raise self._unusable(error) from error
        return [one for one in credentials if one], [one for one in endpoints if one]

    def forget(self, wanted: Callable[[CredentialRecord], bool]) -> int:
        """
        Remove the credentials that are wanted gone, and return how many. Raises `CacheError` where that is not allowed.

        Pauses stay: the token endpoint still means them.
        """
        count = 0
        try:
            for path in self.folder.glob(f"{CREDENTIAL}*"):
                record = decode_credential(files.read(path) or b"")
                if record is None or wanted(record):
                    path.unlink(missing_ok=True)
                    count += record is not None
        except OSError as error:
            raise self._unusable(error) from error
        return count

    def _contents(self, prefix: str) -> list[bytes]:
        return [files.read(path) or b"" for path in sorted(self.folder.glob(f"{prefix}*"))]

    def _read(self, key: CacheKey) -> CacheEntry:
        content = files.read(self._path(key))
        record = decode_credential(content) if content else None
        token = record.token if record else None
        adopted = self._adopted(key) if self._neighbour else None
        if adopted and (token is None or adopted.expires_at > token.expires_at):
            token = adopted
        return CacheEntry(
            token,
            record.refusal if record else None,
            self._pause(key),
            record.replaced_at if record else None,
        )

    def _pause(self, key: CacheKey) -> Backoff | None:
        content = files.read(self._endpoint_path(key))
        record = decode_endpoint(content) if content else None
        return record.pause if record else None

    def _endpoint_path(self, key: CacheKey) -> Path:
        return self.folder / f"{ENDPOINT}{sha256(key.token_url.encode()).hexdigest()}"

    def _adopted(self, key: CacheKey) -> Token | None:
        """Return the neighbour's token; a file that others may write is nobody's word."""
        path = self._neighbour
        if path is None:
            return None
        try:
            status = path.stat()
            if files.POSIX and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
                return None
            if status.st_mtime_ns != self._neighbour_read[0]:
                self._neighbour_read = status.st_mtime_ns, path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        return camunda_file.token_in(self._neighbour_read[1], key)

    def _write(self, key: CacheKey, entry: CacheEntry) -> None:
        files.prepare(self.folder)
        path = self._path(key)
        files.sweep(path)
        if not path.exists():
            self._tidy()
        files.write(path, encode_credential(record_of(key, entry.token, entry.refusal, entry.replaced_at)))
        known = self._pause(key)
        if entry.pause and (known is None or known.since < entry.pause.since):
            files.write(self._endpoint_path(key), encode_endpoint(EndpointRecord(key.token_url, entry.pause)))

    def _lock(self, key: CacheKey) -> Release | None:
        files.prepare(self.folder)
        return locking.try_lock(self._lock_path(key))

    def _when_free(self, key: CacheKey, then: Callable[[], object]) -> None:
        files.prepare(self.folder)
        locking.when_free(self._lock_path(key), then)

    def _lock_path(self, key: CacheKey) -> Path:
        return self.folder / f"{LOCK}{_digest(key)[:LOCKS]}"

    def _tidy(self) -> None:
        """Remove what is of no use to anybody, whenever a new credential comes: the folder does not grow for ever."""
        for path in self.folder.glob(f"{CREDENTIAL}*"):
            record = decode_credential(files.read(path) or b"")
            token, refusal = (record.token, record.refusal) if record else (None, None)
            of_use_until = max(token.expires_at if token else 0.0, refusal.until if refusal else 0.0)
            if of_use_until < time() - KEPT_BEYOND:
                path.unlink(missing_ok=True)

    def _path(self, key: CacheKey) -> Path:
        return self.folder / f"{CREDENTIAL}{_digest(key)}"

    def _safely(self, attempt: Callable[[], T], otherwise: T, instead: Callable[[], T] | None = None) -> T:
        try:
            return attempt()
        except OSError as error:
            self._warn(error)
            return instead() if instead else otherwise

    def _unusable(self, error: OSError) -> CacheError:
        hint = "Check who owns the folder, or set GATEKEY_CACHE to another."
        return CacheError(f"{self.folder} cannot be used: {error.strerror or error}.", str(self.folder), hint=hint)

    def _warn(self, error: OSError) -> None:
        if self._warned:
            return
        self._warned = True
        from logging import getLogger  # a tenth of the start-up time, for a line that is hardly ever written

        getLogger("gatekey").warning(
            "Tokens cannot be kept in %s: %s. Each process asks for its own; set GATEKEY_CACHE to a folder that can be"
            " written, or choose cache='memory'.",
            self.folder,
            error.strerror or error,
        )


@lru_cache(maxsize=256)
def _digest(key: CacheKey) -> str:
    """
    Return the name of a credential: different for all that makes it different, and telling nothing about its
    secret.
    """
    salt = json.dumps([key.token_url, key.client_id]).encode()
    slow = pbkdf2_hmac("sha256", key.fingerprint.reveal().encode(), salt, ROUNDS)
    return sha256(json.dumps([key.token_url, key.client_id, key.audience, key.scope, slow.hex()]).encode()).hexdigest()
