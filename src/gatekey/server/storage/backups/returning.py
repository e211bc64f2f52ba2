"""
What must stay gone when an older state comes back.

The folder as it was last is read, where there still is one: what was deleted, ended, revoked or spent after the backup
is so in the restored database, too. What was created after the backup does not come back.
"""

import sqlite3
from dataclasses import dataclass

STEPS = {
    "clients": """
        UPDATE client SET deleted = (SELECT deleted FROM lost.client AS last WHERE last.client_id = client.client_id)
        WHERE deleted IS NULL
        AND client_id IN (SELECT client_id FROM lost.client WHERE deleted IS NOT NULL)
    """,
    "clusters": """
        UPDATE cluster
        SET deleted = (SELECT deleted FROM lost.cluster AS last WHERE last.cluster_id = cluster.cluster_id)
        WHERE deleted IS NULL
        AND cluster_id IN (SELECT cluster_id FROM lost.cluster WHERE deleted IS NOT NULL)
    """,
    "scopes": """
        UPDATE client SET scopes = (SELECT scopes FROM lost.client AS last WHERE last.client_id = client.client_id)
        WHERE client_id IN (
            SELECT last.client_id FROM lost.client AS last JOIN main.client AS kept USING (client_id)
            WHERE last.scopes <> kept.scopes
        )
    """,
    "secrets": """
        UPDATE client_secret
        SET ends = (SELECT ends FROM lost.client_secret AS last WHERE last.secret_id = client_secret.secret_id)
        WHERE secret_id IN (
            SELECT last.secret_id FROM lost.client_secret AS last JOIN main.client_secret AS kept USING (secret_id)
            WHERE last.ends IS NOT NULL AND last.ends IS NOT kept.ends
        )
    """,
    "keys": """
        DELETE FROM client_key
        WHERE client_id IN (SELECT client_id FROM lost.client)
        AND (client_id, key_id) NOT IN (SELECT client_id, key_id FROM lost.client_key)
    """,
    "signing keys": """
        UPDATE signing_key
        SET retires = (SELECT retires FROM lost.signing_key AS last WHERE last.key_id = signing_key.key_id)
        WHERE key_id IN (
            SELECT last.key_id FROM lost.signing_key AS last JOIN main.signing_key AS kept USING (key_id)
            WHERE last.retires IS NOT NULL AND last.retires IS NOT kept.retires
        )
    """,
    "revocations": """
        INSERT OR REPLACE INTO revocation
        SELECT kind, subject, before, until FROM lost.revocation
        EXCEPT SELECT kind, subject, before, until FROM main.revocation
    """,
    "assertions": "INSERT OR IGNORE INTO spent_assertion SELECT digest, ends FROM lost.spent_assertion",
}
"""The statements, and what the rows are that each changes. Both databases have the newest tables."""


@dataclass(frozen=True, slots=True)
class StayingGone:
    """How many of each were deleted, ended, revoked or spent after the backup; those that are zero are left out."""

    counts: dict[str, int]


def keep_gone(connection: sqlite3.Connection) -> StayingGone:
    """Carry over what was lost by purpose, from the attached database `lost`, within the caller's transaction."""
    counts = {what: connection.execute(statement).rowcount for what, statement in STEPS.items()}
    return StayingGone({what: number for what, number in counts.items() if number > 0})
