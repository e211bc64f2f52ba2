"""
From the tables of revision 0001 to those of 0002: nothing is lost, and what was, works on.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

from gatekey.server.accounts.model import Role
from gatekey.server.signing_keys.keys import SigningKey
from gatekey.server.signing_keys.rotation import RotationPolicy, due
from gatekey.server.storage.directory import Directory
from gatekey.server.storage.sql.database import Database, create_private
from gatekey.server.storage.sql.migrating import migrate
from gatekey.server.storage.stores.account_store import SqlAccountStore
from gatekey.server.storage.stores.key_store import SqlKeyStore
from gatekey.server.vault.sealing import Seal

CREATED = 1_800_000_000.5
SEAL = Seal(bytes(32))
KEY = SigningKey.generate()

ROWS: list[tuple[str, dict[str, Any]]] = [
    ("organisation", {"organisation_id": "o", "name": "Org", "created": CREATED}),
    ("member", {"email": "a@b", "organisation_id": "o", "role": "owner", "created": CREATED, "last_sign_in": None}),
    ("member", {"email": "C@D", "organisation_id": "o", "role": "owner", "created": CREATED + 1, "last_sign_in": None}),
    ("session", {"digest": b"session", "email": "C@D", "ends": CREATED}),
    ("sign_in_link", {"digest": b"link", "email": "a@b", "ends": CREATED}),
    (
        "cluster",
        {
            "cluster_id": "c",
            "organisation_id": "o",
            "name": "local",
            "region": "r",
            "grpc_upstream": "localhost:1",
            "rest_upstream": "http://localhost:1",
            "created": CREATED,
        },
    ),
    *(
        (
            "client",
            {
                "client_id": client_id,
                "cluster_id": "c",
                "organisation_id": "o",
                "name": client_id,
                "scopes": "Zeebe,Operate",
                "created": CREATED,
                "created_by": "somebody",
                "deleted": deleted,
            },
        )
        for client_id, deleted in (("live", None), ("gone", CREATED))
    ),
    *(
        (
            "client_secret",
            {"secret_id": f"s-{c}", "client_id": c, "digest": b"d" * 32, "created": CREATED, "presented": p},
        )
        for c, p in (("live", CREATED), ("gone", None))
    ),
    (
        "signing_key",
        {
            "key_id": KEY.key_id,
            "algorithm": "RS256",
            "sealed": SEAL.close(KEY.to_pem(), f"signing key {KEY.key_id}"),
            "created": CREATED,
        },
    ),
    ("cluster_secret", {"cluster_id": "c", "name": "N", "sealed": b"\x00\x01", "changed": CREATED}),
    (
        "audit",
        {
            "entry": 1,
            "at": CREATED,
            "actor": "a",
            "action": "b",
            "subject": "c",
            "subject_id": "d",
            "detail": "{}",
        },
    ),
]


UNCHANGED = [(table, row) for table, row in ROWS if table not in {"member", "session", "sign_in_link"}]


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Database]:
    """
    A database as the first release left it.
    """
    path = tmp_path / "gatekey.db"
    create_private(path)
    with closing(Database(path)) as database:
        with database.writing() as connection:
            config = Config()
            config.set_main_option("script_location", "gatekey.server.storage.sql:migrations")
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
        with closing(sqlite3.connect(path)) as connection:
            for table, row in ROWS:
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))  # noqa: S608 - names from this file
            connection.commit()
        yield database


def test_every_row_and_value_is_kept(old: Database) -> None:
    migrate(old)
    with closing(sqlite3.connect(old.path)) as connection:
        kept = [
            connection.execute(f"SELECT {', '.join(row)} FROM {table}").fetchall()  # noqa: S608 - names from this file
            for table, row in UNCHANGED
        ]

    assert all(tuple(row.values()) in found for (_, row), found in zip(UNCHANGED, kept, strict=True))


def test_members_have_ids_and_their_roles_and_who_is_signed_in_stays_so(old: Database) -> None:
    """
    Two owners, as somebody may have written them into the table: then every sign-in ended with an error.
    """
    migrate(old)
    store, now = SqlAccountStore(old), datetime.fromtimestamp(CREATED - 1, UTC)
    first, second = store.owners()

    assert ("a@b", "c@d") == (first.email, second.email)
    assert {"o": frozenset({Role.OWNER})} == first.roles == second.roles
    assert first.member_id != second.member_id
    assert second == store.session(b"session", now)
    assert first == store.spend_link(b"link", now)


def test_secrets_work_on_without_end_or_label(old: Database) -> None:
    migrate(old)
    directory = Directory(old.path, SEAL, lambda: CREATED)
    client = directory.find("live")

    assert client
    assert (b"d" * 32, None) == (client.secrets["s-live"].digest, client.secrets["s-live"].ends)
    assert (None, {}, 0) == (client.lifetime, dict(client.keys), client.not_before)
    assert directory.find("gone") is None


def test_the_signing_key_signs_on_and_is_as_old_as_it_was(old: Database) -> None:
    """
    An upgrade is no reason for everybody to fetch new keys.
    """
    migrate(old)
    [life] = SqlKeyStore(old, SEAL).lives()
    policy = RotationPolicy(life.algorithm, lifetime=86_400)
    directory = Directory(old.path, SEAL, lambda: CREATED)
    directory.refresh()

    assert KEY.key_id == directory.signing_key().key_id
    assert (CREATED, None) == (life.signs_from, life.retires)
    assert due((life,), policy, CREATED + 86_400) is None
