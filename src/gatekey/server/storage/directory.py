"""
Clients and signing keys in memory, as true as the database.

Before every look-up one `PRAGMA data_version` (microseconds, no page read) asks SQLite whether any other connection has
committed since; only then is anything read. So a deletion by another process is seen by the very next token request.
Who answers many requests at once may let them share one such look: see `hold`.
"""

import math
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatekey.errors import StorageUnavailable
from gatekey.oauth.vocabulary import Scope
from gatekey.server.signing_keys.keys import Algorithm, SigningKey
from gatekey.server.signing_keys.rotation import KeyLife, next_change, signing
from gatekey.server.tokens.model import KnownClient, KnownSecret
from gatekey.server.tokens.revocation import Kind, read_scope
from gatekey.server.vault.sealing import Seal

BUSY_TIMEOUT_MS = 250
"""Readers of a WAL database hardly ever wait; when one does, every token request of the process waits with it."""

_CLIENTS = """
    SELECT client_id, cluster_id, client.organisation_id, region, scopes, lifetime
    FROM client JOIN cluster USING (cluster_id) WHERE client.deleted IS NULL
"""
_SECRETS = """
    SELECT client_id, secret_id, digest, ends FROM client_secret JOIN client USING (client_id)
    WHERE client.deleted IS NULL
"""
_CLIENT_KEYS = (
    "SELECT client_id, key_id, jwk FROM client_key JOIN client USING (client_id) WHERE client.deleted IS NULL"
)
_SIGNING_KEYS = "SELECT key_id, algorithm, created, signs_from, retires, sealed FROM signing_key ORDER BY created"
_REVOCATIONS = "SELECT kind, subject, before FROM revocation"


@dataclass(frozen=True, slots=True)
class _Signing:
    """The key that signs from `since` until `until`, in seconds since 1970."""

    key: SigningKey | None
    since: float
    until: float


NO_KEY = _Signing(None, math.inf, math.inf)
"""Before the first look, and after each change."""


class Directory:
    """
    The `ClientDirectory` and `KeyRing` ports of issuing; `now` is in seconds since 1970.

    One thread only: the one that serves token requests.
    """

    def __init__(self, path: Path, seal: Seal, now: Callable[[], float]) -> None:
        self._path = path
        self._seal = seal
        self._now = now
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._version = -1
        self._revision = -1
        self._clients: dict[str, KnownClient] = {}
        self._keys: tuple[tuple[KeyLife, SigningKey], ...] = ()
        self._signing = NO_KEY
        self._held = self._looked = False
        self._revoked_tokens: frozenset[str] = frozenset()

    def find(self, client_id: str) -> KnownClient | None:
        """Return the client, or None when it never was or is deleted."""
        if not self._looked:
            self.refresh()
            self._looked = self._held
        return self._clients.get(client_id)

    def hold(self) -> None:
        """Let the look at the database that the next `find` takes do for all after it, until `release`."""
        self._held, self._looked = True, False

    def release(self) -> None:
        """Let every `find` look for itself again."""
        self._held = self._looked = False

    def is_revoked(self, token_id: str) -> bool:
        """Say whether the one token with this `jti` was revoked, as of the last `find`."""
        return token_id in self._revoked_tokens

    def signing_key(self) -> SigningKey:
        """Return the key that signs now, as of the last `find`. Raises `StorageUnavailable` when there is none."""
        if self._revision < 0:
            self.refresh()
        now = self._now()
        if not self._signing.since <= now < self._signing.until:
            self._signing = self._choose_key(now)
        if self._signing.key is None:
            raise StorageUnavailable("No key signs tokens now.", hint="Run `gatekey keys rotate --now`.")
        return self._signing.key

    def _choose_key(self, now: float) -> "_Signing":
        lives = [life for life, _ in self._keys]
        current = signing(lives, now)
        key = next((key for life, key in self._keys if life is current), None)
        return _Signing(key, now, next_change(lives, now))

    def published_keys(self) -> tuple[SigningKey, ...]:
        """Return every key that verifiers may know, oldest first."""
        self.refresh()
        now = self._now()
        return tuple(key for life, key in self._keys if life.published(now))

    def refresh(self) -> int:
        """Read what changed, if anything did, and return the directory's revision. Raises `StorageUnavailable`."""
        try:
            connection = self._connect()
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            if version != self._version:
                self._read(connection)
                self._version = version
        except (sqlite3.Error, OSError, TypeError, ValueError) as error:  # a foreign database lacks rows we unpack
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
                self._keys, self._signing = self._read_keys(connection), NO_KEY
                revocations = _read_revocations(connection)
                self._clients = _read_clients(connection, revocations)
                self._revoked_tokens = frozenset(revocations[Kind.TOKEN])
                self._revision = revision
        finally:
            connection.execute("COMMIT")

    def _read_keys(self, connection: sqlite3.Connection) -> tuple[tuple[KeyLife, SigningKey], ...]:
        known = {key.key_id: key for _, key in self._keys}
        return tuple(
            (
                KeyLife(key_id, Algorithm(algorithm), created, signs_from, retires),
                known.get(key_id) or SigningKey.from_pem(self._seal.open(sealed, f"signing key {key_id}")),
            )
            for key_id, algorithm, created, signs_from, retires, sealed in connection.execute(_SIGNING_KEYS)
        )


Revocations = dict[str, dict[str, int]]


def _read_revocations(connection: sqlite3.Connection) -> Revocations:
    revocations: Revocations = {kind.value: {} for kind in Kind}
    for kind, subject, before in connection.execute(_REVOCATIONS):
        revocations[kind][subject] = before
    return revocations


def _read_clients(connection: sqlite3.Connection, revocations: Revocations) -> dict[str, KnownClient]:
    secrets: defaultdict[str, dict[str, KnownSecret]] = defaultdict(dict)
    revoked: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for client_id, secret_id, digest, ends in connection.execute(_SECRETS):
        secrets[client_id][secret_id] = KnownSecret(digest, ends)
        if secret_id in revocations[Kind.CREDENTIAL]:
            revoked[client_id][secret_id] = revocations[Kind.CREDENTIAL][secret_id]
    for credential_id, before in revocations[Kind.CREDENTIAL].items():
        if ":" in credential_id:  # a key, see `name_key`; it may be gone, its tokens are not
            revoked[credential_id.partition(":")[0]][credential_id] = before
    scopes_from: defaultdict[str, dict[Scope, int]] = defaultdict(dict)
    for subject, before in revocations[Kind.SCOPE].items():
        owner, scope = read_scope(subject)
        scopes_from[owner][scope] = before
    keys: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for client_id, key_id, jwk in connection.execute(_CLIENT_KEYS):
        keys[client_id][key_id] = jwk
    return {
        client_id: KnownClient(
            client_id=client_id,
            cluster_id=cluster_id,
            organisation_id=organisation_id,
            region=region,
            scopes=frozenset(Scope(word) for word in scopes.split(",")),
            secrets=secrets[client_id],
            keys=keys[client_id],
            lifetime=lifetime,
            not_before=revocations[Kind.CLIENT].get(client_id, 0),
            revoked=revoked[client_id],
            scopes_from=scopes_from[client_id],
        )
        for client_id, cluster_id, organisation_id, region, scopes, lifetime in connection.execute(_CLIENTS)
    }
