"""
Fills a data folder with much of something, by plain SQL: through the product it would take hours.
"""

import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from gatekey.oauth.identifiers import make_secret, make_secret_id
from gatekey.server.clients.digest import digest_secret
from gatekey.server.run.installation import Installation

ASKERS = 1_000
"""Clients whose secrets are real, so that they can ask."""

Credentials = tuple[str, str]
"""Client id and secret."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """
    How many there are of each; `secrets` are those of one client, the first asker.
    """

    clients: int = 1
    secrets: int = 1
    revocations: int = 0
    clusters: int = 1


def seed(installation: Installation, amounts: Amounts) -> list[Credentials]:
    """
    Add what is missing and return the credentials of those that can ask.
    """
    cluster = installation.clusters.all()[0]
    pepper = installation.master.derive("client secrets")
    now = time.time()
    askers: list[Credentials] = []

    def clients() -> Iterator[tuple[object, ...]]:
        for number in range(amounts.clients):
            yield (_client_id(number), cluster.cluster_id, cluster.organisation_id, f"client-{number}", now + number)

    def client_secrets() -> Iterator[tuple[object, ...]]:
        for number in range(amounts.clients):
            for _ in range(amounts.secrets if number == 0 else 1):
                secret_id, digest = secrets.token_hex(5), os.urandom(32)
                if number < ASKERS:
                    secret_id = make_secret_id(secrets.choice)
                    text = make_secret(secret_id, secrets.choice)
                    digest = digest_secret(pepper, text)
                    if len(askers) == number:
                        askers.append((_client_id(number), text))
                yield (secret_id, _client_id(number), digest, now)

    others = (
        (f"cluster-{number}", cluster.organisation_id, f"other-{number}", now + number)
        for number in range(1, amounts.clusters)
    )
    revoked = ((f"revoked-{number}", now + 86_400) for number in range(amounts.revocations))
    with closing(sqlite3.connect(installation.folder.database_path)) as connection, connection:
        connection.executemany(
            "INSERT INTO client (client_id, cluster_id, organisation_id, name, scopes, created, created_by)"
            " VALUES (?, ?, ?, ?, 'Zeebe,Operate', ?, 'bench')",
            clients(),
        )
        connection.executemany(
            "INSERT INTO client_secret (secret_id, client_id, digest, created) VALUES (?, ?, ?, ?)", client_secrets()
        )
        connection.executemany(
            "INSERT INTO cluster (cluster_id, organisation_id, name, region, grpc_upstream, rest_upstream, created)"
            " VALUES (?, ?, ?, 'local', 'localhost:26500', 'http://localhost:8080', ?)",
            others,
        )
        connection.executemany("INSERT INTO revocation VALUES ('token', ?, 1, ?)", revoked)
        connection.execute("INSERT INTO change_log (topic, subject) VALUES ('everything', '')")
    with closing(sqlite3.connect(installation.folder.database_path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return askers


def _client_id(number: int) -> str:
    return f"{number:032}"
