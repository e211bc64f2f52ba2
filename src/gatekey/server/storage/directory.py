"""
Clients and signing keys as true as the database, at the cost of what changed.

Before every look-up one `PRAGMA data_version` (microseconds, no page read) asks SQLite whether any other connection has
committed since. Only then the log of changes is asked what that was, and only that is forgotten. So a deletion by
another process is seen by the very next token request, and a change costs the same with one client as with a million.
Who answers many requests at once may let them share one such look: see `hold`.
"""

import math
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gatekey.errors import StorageUnavailable
from gatekey.server.signing_keys.keys import SigningKey
from gatekey.server.signing_keys.rotation import KeyLife, next_change, signing
from gatekey.server.storage.directory_rows import is_revoked_token, read_client, read_signing_keys
from gatekey.server.storage.recent import RecentlyUsed
from gatekey.server.storage.sql.changes import LoggedChange, Topic, changes_after, last_number, last_of_topics
from gatekey.server.tokens.model import KnownClient
from gatekey.server.tokens.revocation import Kind
from gatekey.server.vault.sealing import Seal

BUSY_TIMEOUT_MS = 250
"""Readers of a WAL database hardly ever wait; when one does, every token request of the process waits with it."""

REMEMBERED_CLIENTS = 20_000
"""About 2 KB each; one that is not remembered costs some 50 µs at its next request."""

REMEMBERED_ANSWERS = 10_000
"""Ids that nobody has, and tokens that were looked up: a fifth of a KB each."""

LONGEST_REMEMBERED_ID = 128
"""Characters: four times those of an id that we make, so that a stranger cannot fill the memory with long ones."""

TOKEN_PREFIX = f"{Kind.TOKEN}:"

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Signing:
    """The key that signs from `since` until `until`, in seconds since 1970."""

    key: SigningKey | None
    since: float
    until: float


NO_KEY = _Signing(None, math.inf, math.inf)
"""Before the first look, and after each change of keys."""


class Directory:
    """
    The `ClientDirectory` and `KeyRing` ports; `now` is in seconds since 1970.

    One thread only: the one that serves token requests.
    """

    def __init__(self, path: Path, seal: Seal, now: Callable[[], float]) -> None:
        self._path = path
        self._seal = seal
        self._now = now
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._version = -1
        self._number = -1
        """That of the last change which this directory knows of."""
        self._numbers = dict.fromkeys(Topic, -1)
        self._clients: RecentlyUsed[str, KnownClient] = RecentlyUsed(REMEMBERED_CLIENTS)
        # Ids that nobody has are remembered like others, so that asking twice does not tell them apart.
        self._unknown: RecentlyUsed[str, bool] = RecentlyUsed(REMEMBERED_ANSWERS)
        self._revoked: RecentlyUsed[str, bool] = RecentlyUsed(REMEMBERED_ANSWERS)
        self._keys: tuple[tuple[KeyLife, SigningKey], ...] = ()
        self._signing = NO_KEY
        self._held = self._looked = False

    def find(self, client_id: str) -> KnownClient | None:
        """Return the client, or None when it never was or is deleted."""
        if not self._looked:
            self.refresh()
            self._looked = self._held
        client = self._clients.get(client_id)
        if client is not None or self._unknown.get(client_id):
            return client
        return self._read_client(client_id)

    def hold(self) -> None:
        """Let the look at the database that the next `find` takes do for all after it, until `release`."""
        self._held, self._looked = True, False

    def release(self) -> None:
        """Let every `find` look for itself again."""
        self._held = self._looked = False

    def is_revoked(self, token_id: str) -> bool:
        """Say whether the one token with this `jti` was revoked, as of the last `find`."""
        known = self._revoked.get(token_id)
        if known is not None:
            return known
        revoked = self._query(is_revoked_token, token_id)
        self._revoked.put(token_id, revoked)
        return revoked

    def signing_key(self) -> SigningKey:
        """Return the key that signs now, as of the last `find`. Raises `StorageUnavailable` when there is none."""
        if self._number < 0:
            self.refresh()
        now = self._now()
        if not self._signing.since <= now < self._signing.until:
            self._signing = self._choose_key(now)
        if self._signing.key is None:
            raise StorageUnavailable("No key signs tokens now.", hint="Run `gatekey keys rotate --now`.")
        return self._signing.key

    def published_keys(self) -> tuple[SigningKey, ...]:
        """Return every key that verifiers may know, oldest first."""
        self.refresh()
        now = self._now()
        return tuple(key for life, key in self._keys if life.published(now))

    def revision(self, *topics: Topic) -> int:
        """Return a number that rises with every change of one of the topics. Raises `StorageUnavailable`."""
        self.refresh()
        return max(self._numbers[topic] for topic in topics)

    def refresh(self) -> int:
        """Learn what changed, if anything did; returns the last change's number. Raises `StorageUnavailable`."""
        try:
            connection = self._connect()
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            if version != self._version:
                self._follow(connection)
                self._version = version
        except (sqlite3.Error, OSError, TypeError, ValueError) as error:  # a foreign database lacks rows we unpack
            raise self._unavailable(error) from error
        return self._number

    def _choose_key(self, now: float) -> _Signing:
        lives = [life for life, _ in self._keys]
        current = signing(lives, now)
        key = next((key for life, key in self._keys if life is current), None)
        return _Signing(key, now, next_change(lives, now))

    def _connect(self) -> sqlite3.Connection:
        # A file put in the place of the old one would go unnoticed: the open connection holds on to the old one.
        status = os.stat(self._path)  # noqa: PTH116 - the hot path; Path.stat costs three times as much
        file = (status.st_dev, status.st_ino)
        if self._connection is None or file != self._file:
            self._disconnect()
            self._connection = sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True, isolation_level=None)
            self._connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            self._connection.execute("PRAGMA query_only=ON")
            self._file = file
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._version, self._number = None, -1, -1

    def _unavailable(self, error: Exception) -> StorageUnavailable:
        self._disconnect()
        return StorageUnavailable(f"The database {self._path} does not answer: {error}.")

    def _follow(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")
        try:
            number = last_number(connection)
            if number == self._number:
                return
            changes = changes_after(connection, self._number)
            if changes is None:
                self._start_anew(connection)
            else:
                self._apply(connection, changes)
            self._number = number
        finally:
            connection.execute("COMMIT")

    def _start_anew(self, connection: sqlite3.Connection) -> None:
        self._read_keys(connection)
        self._numbers |= last_of_topics(connection)
        for memory in (self._clients, self._unknown, self._revoked):
            memory.clear()

    def _apply(self, connection: sqlite3.Connection, changes: tuple[LoggedChange, ...]) -> None:
        if any(change.topic is Topic.SIGNING_KEY for change in changes):
            self._read_keys(connection)
        for change in changes:
            self._numbers[change.topic] = change.number
            if change.topic is Topic.CLIENT:
                self._clients.drop(change.subject)
                self._unknown.drop(change.subject)
            elif change.topic is Topic.REVOCATION and change.subject.startswith(TOKEN_PREFIX):
                self._revoked.drop(change.subject.removeprefix(TOKEN_PREFIX))

    def _read_keys(self, connection: sqlite3.Connection) -> None:
        self._keys = read_signing_keys(connection, self._seal, (key for _, key in self._keys))
        self._signing = NO_KEY

    def _read_client(self, client_id: str) -> KnownClient | None:
        try:
            client = self._query(read_client, client_id)
        except UnicodeEncodeError:  # half a surrogate pair: no id of ours, and not the database's fault
            return None
        if client is not None:
            self._clients.put(client_id, client)
        elif len(client_id) <= LONGEST_REMEMBERED_ID:
            self._unknown.put(client_id, True)  # noqa: FBT003 - the value says nothing, the key does
        return client

    def _query(self, read: Callable[[sqlite3.Connection, str], Answer], subject: str) -> Answer:
        try:
            return read(self._connect(), subject)
        except UnicodeEncodeError:
            raise
        except (sqlite3.Error, OSError, TypeError, ValueError) as error:
            raise self._unavailable(error) from error
