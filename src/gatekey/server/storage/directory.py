"""
Clients and signing keys in memory, as true as the database.

Before every look-up one `PRAGMA data_version` (microseconds, no page read) asks SQLite whether any other connection has
committed since; only then is anything read. So a deletion by another process is seen by the very next token request.
"""

import os
import sqlite3
from collections import defaultdict
from pathlib import Path

from gatekey.errors import StorageUnavailable
from gatekey.server.issuing.keys import SigningKey
from gatekey.server.issuing.model import KnownClient
from gatekey.server.storage.sealing import Seal
from gatekey.wire.vocabulary import Scope

BUSY_TIMEOUT_MS = 250
"""Readers of a WAL database hardly ever wait; when one does, every token request of the process waits with it."""

_CLIENTS = """
    SELECT client.client_id, client.cluster_id, client.organisation_id, cluster.region, client.scopes
    FROM client JOIN cluster USING (cluster_id) WHERE client.deleted IS NULL
"""
_DIGESTS = """
    SELECT client_id, secret_id, digest FROM client_secret JOIN client USING (client_id) WHERE client.deleted IS NULL
"""


class Directory:
    """
    The `ClientDirectory` and `KeyRing` ports of issuing. One thread only: the one that serves token requests.
    """

    def __init__(self, path: Path, seal: Seal) -> None:
        self._path = path
        self._seal = seal
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._version = -1
        self._revision = -1
        self._clients: dict[str, KnownClient] = {}
        self._keys: tuple[SigningKey, ...] = ()

    def find(self, client_id: str) -> KnownClient | None:
        """
        Return the client, or None when it never was or is deleted.
        """
        self.refresh()
        return self._clients.get(client_id)

    def signing_key(self) -> SigningKey:
        """
        Return the newest key.
        """
        self.refresh()
        return self._keys[-1]

    def published_keys(self) -> tuple[SigningKey, ...]:
        """
        Return every key, oldest first.
        """
        self.refresh()
        return self._keys

    def refresh(self) -> int:
        """
        Read what changed, if anything did, and return the directory's revision. Raises `StorageUnavailable`.
        """
        try:
            connection = self._connect()
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            if version != self._version:
                self._read(connection)
                self._version = version
        except (sqlite3.Error, OSError) as error:
            self._forget()
            raise StorageUnavailable(f"The database {self._path} does not answer: {error}.") from error
        return self._revision

    def _connect(self) -> sqlite3.Connection:
        # A file put in the place of the old one would go unnoticed: the open connection holds on to the old one.
        status = os.stat(self._path)  # noqa: PTH116 - the hot path; Path.stat costs three times as much
        file = (status.st_dev, status.st_ino)
        if self._connection is None or file != self._file:
            self._forget()
            self._connection = sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True, isolation_level=None)
            self._connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            self._connection.execute("PRAGMA query_only=ON")
            self._file = file
        return self._connection

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._version, self._revision = None, -1, -1

    def _read(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")
        try:
            (revision,) = connection.execute("SELECT number FROM revision WHERE topic = 'directory'").fetchone()
            if revision != self._revision:
                self._keys = self._read_keys(connection)
                self._clients = _read_clients(connection)
                self._revision = revision
        finally:
            connection.execute("COMMIT")

    def _read_keys(self, connection: sqlite3.Connection) -> tuple[SigningKey, ...]:
        known = {key.key_id: key for key in self._keys}
        rows = connection.execute("SELECT key_id, sealed FROM signing_key ORDER BY created").fetchall()
        return tuple(
            known.get(key_id) or SigningKey.from_pem(self._seal.open(sealed, f"signing key {key_id}"))
            for key_id, sealed in rows
        )


def _read_clients(connection: sqlite3.Connection) -> dict[str, KnownClient]:
    digests: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
    for client_id, secret_id, digest in connection.execute(_DIGESTS):
        digests[client_id][secret_id] = digest
    return {
        client_id: KnownClient(
            client_id=client_id,
            cluster_id=cluster_id,
            organisation_id=organisation_id,
            region=region,
            scopes=frozenset(Scope(word) for word in scopes.split(",")),
            digests=digests[client_id],
        )
        for client_id, cluster_id, organisation_id, region, scopes in connection.execute(_CLIENTS)
    }
