"""
The rows that token requests need, by index look-ups over a plain connection.

Not through SQLAlchemy: a token request waits for it, and building its statements alone would take ten times as long.
"""

import sqlite3
from collections.abc import Iterable, Mapping

from gatekey.oauth.vocabulary import Scope
from gatekey.server.signing_keys.keys import Algorithm, SigningKey
from gatekey.server.signing_keys.rotation import KeyLife
from gatekey.server.tokens.model import KnownClient, KnownSecret
from gatekey.server.tokens.revocation import Kind, read_scope
from gatekey.server.vault.sealing import Seal

_CLIENT = """
    SELECT cluster_id, client.organisation_id, region, scopes, lifetime
    FROM client JOIN cluster USING (cluster_id) WHERE client_id = ? AND client.deleted IS NULL
"""
_SECRETS = "SELECT secret_id, digest, ends FROM client_secret WHERE client_id = ?"
_KEYS = "SELECT key_id, jwk FROM client_key WHERE client_id = ?"
_REVOCATIONS = """
    SELECT kind, subject, before FROM revocation WHERE kind = 'client' AND subject = ?1
    UNION ALL
    SELECT kind, subject, before FROM revocation WHERE kind = 'scope' AND subject >= ?2 AND subject < ?3
    UNION ALL
    SELECT kind, subject, before FROM revocation WHERE kind = 'credential' AND subject >= ?2 AND subject < ?3
    UNION ALL
    SELECT kind, subject, before FROM revocation
    WHERE kind = 'credential' AND subject IN (SELECT secret_id FROM client_secret WHERE client_id = ?1)
"""
"""Subjects of keys and scopes begin with the client id and a colon (`name_key`, `name_scope`); `;` comes after `:`."""
_REVOKED_TOKEN = "SELECT 1 FROM revocation WHERE kind = 'token' AND subject = ?"  # noqa: S105 - a statement, no token
_SIGNING_KEYS = "SELECT key_id, algorithm, created, signs_from, retires, sealed FROM signing_key ORDER BY created"


def read_client(connection: sqlite3.Connection, client_id: str) -> KnownClient | None:
    """Return the client, or None when it never was or is deleted; either costs the same look-ups."""
    connection.execute("BEGIN")
    try:
        client = connection.execute(_CLIENT, (client_id,)).fetchone()
        secrets = connection.execute(_SECRETS, (client_id,)).fetchall()
        keys = connection.execute(_KEYS, (client_id,)).fetchall()
        subjects = (client_id, f"{client_id}:", f"{client_id};")
        revocations = connection.execute(_REVOCATIONS, subjects).fetchall()
    finally:
        connection.execute("COMMIT")
    if client is None:
        return None
    cluster_id, organisation_id, region, scopes, lifetime = client
    return KnownClient(
        client_id=client_id,
        cluster_id=cluster_id,
        organisation_id=organisation_id,
        region=region,
        scopes=frozenset(Scope(word) for word in scopes.split(",")),
        secrets={secret_id: KnownSecret(digest, ends) for secret_id, digest, ends in secrets},
        keys=dict(keys),
        lifetime=lifetime,
        not_before=max((before for kind, _, before in revocations if kind == Kind.CLIENT), default=0),
        revoked={subject: before for kind, subject, before in revocations if kind == Kind.CREDENTIAL},
        scopes_from={read_scope(subject)[1]: before for kind, subject, before in revocations if kind == Kind.SCOPE},
    )


def is_revoked_token(connection: sqlite3.Connection, token_id: str) -> bool:
    """Say whether the one token with this `jti` was revoked."""
    return connection.execute(_REVOKED_TOKEN, (token_id,)).fetchone() is not None


def read_signing_keys(
    connection: sqlite3.Connection, seal: Seal, known: Iterable[SigningKey]
) -> tuple[tuple[KeyLife, SigningKey], ...]:
    """Return all signing keys with their lives, oldest first; those `known` are not opened again."""
    opened: Mapping[str, SigningKey] = {key.key_id: key for key in known}
    return tuple(
        (
            KeyLife(key_id, Algorithm(algorithm), created, signs_from, retires),
            opened.get(key_id) or SigningKey.from_pem(seal.open(sealed, f"signing key {key_id}")),
        )
        for key_id, algorithm, created, signs_from, retires, sealed in connection.execute(_SIGNING_KEYS)
    )
