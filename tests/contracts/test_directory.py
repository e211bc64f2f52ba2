"""
What every `ClientDirectory` and `KeyRing` promises: it is as true as the database, at the very next look-up.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gatekey.errors import StorageUnavailable
from gatekey.oauth.vocabulary import Scope
from gatekey.server.clients.digest import digest_secret
from gatekey.server.run.compose import open_directory
from gatekey.server.run.installation import Installation
from gatekey.server.storage.directory import Directory
from gatekey.server.storage.sql.changes import KEPT_CHANGES, MOST_AT_ONCE, Topic, note_changes
from gatekey.server.tokens.model import KnownClient, KnownSecret
from gatekey.server.tokens.revocation import Kind, Revocation, name_key, name_scope
from gatekey.server.vault.sealing import Seal
from support.service import add_client, installed

GATEKEY = Path(sys.executable).parent / "gatekey"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path / "data") as opened:
        yield opened


@pytest.fixture(params=[open_directory], ids=["sqlite"])
def directory(request: pytest.FixtureRequest, installation: Installation) -> Directory:
    open_one: Callable[[Installation], Directory] = request.param
    return open_one(installation)


def in_another_process(installation: Installation, *arguments: str) -> Any:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEKEY_")}
    done = subprocess.run(
        [str(GATEKEY), *arguments, "--json", "--data", str(installation.folder.path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_client_is_known_with_all_that_token_requests_need(installation: Installation, directory: Directory) -> None:
    created = add_client(installation, scopes=("Zeebe", "Secrets"))
    cluster = installation.clusters.all()[0]
    pepper = installation.master.derive("client secrets")

    known = directory.find(created.client.client_id)
    assert known is not None

    expected = KnownClient(
        created.client.client_id,
        cluster.cluster_id,
        cluster.organisation_id,
        cluster.region,
        frozenset({Scope.ZEEBE, Scope.SECRETS}),
        {created.secret_id: KnownSecret(digest_secret(pepper, created.secret.reveal()))},
    )
    assert expected == known


def test_changes_by_another_process_are_seen_at_the_very_next_look_up(
    installation: Installation, directory: Directory
) -> None:
    assert directory.find("unknown") is None
    created = in_another_process(installation, "clients", "create", "theirs", "--cluster", "local", "--scopes", "Zeebe")
    known = directory.find(created["clientId"])
    in_another_process(installation, "clients", "delete", "theirs", "--yes")

    assert known is not None
    assert directory.find(created["clientId"]) is None


def test_a_change_by_this_process_is_seen_too(installation: Installation, directory: Directory) -> None:
    directory.refresh()
    created = add_client(installation)
    known = directory.find(created.client.client_id)
    installation.clients.delete(created.client.client_id, by="test")

    assert known is not None
    assert directory.find(created.client.client_id) is None


def test_the_revision_moves_with_what_matters_and_only_then(installation: Installation, directory: Directory) -> None:
    start = directory.refresh()
    created = add_client(installation)
    with_client = directory.refresh()
    installation.clients.mark_presented(created)
    installation.clusters.set_secret(installation.clusters.all()[0], "A", "1", by="test")
    unmoved = directory.refresh()
    installation.clusters.create("new", "local", "a:1", "http://a:2", by="test")
    with_cluster = directory.refresh()
    installation.clients.delete(created.client.client_id, by="test")

    assert start < with_client == unmoved < with_cluster < directory.refresh()


def test_the_keys_are_the_installations_and_stay_the_same_objects(
    installation: Installation, directory: Directory
) -> None:
    before = directory.published_keys()
    add_client(installation)

    assert 1 == len(before)
    assert before == directory.published_keys()
    assert directory.signing_key() is before[0] is directory.published_keys()[0]
    assert open_directory(installation).published_keys()[0].key_id == before[0].key_id


def test_a_database_that_was_moved_away_is_our_fault_until_it_is_back(
    installation: Installation, directory: Directory
) -> None:
    created = add_client(installation)
    path = installation.folder.database_path
    directory.refresh()
    path.rename(path.with_suffix(".away"))
    for look_up in (directory.published_keys, directory.refresh, lambda: directory.find("x")):
        with pytest.raises(StorageUnavailable):
            look_up()
    left_alone = not path.exists()
    path.with_suffix(".away").rename(path)

    assert left_alone
    assert directory.find(created.client.client_id) is not None


def test_a_database_put_in_the_place_of_the_old_one_is_the_one_that_counts(
    installation: Installation, directory: Directory, tmp_path: Path
) -> None:
    before = add_client(installation, "before")
    copy = tmp_path / "copy.db"
    with (
        closing(sqlite3.connect(installation.folder.database_path)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    after = add_client(installation, "after")
    seen = directory.find(after.client.client_id)
    installation.close()  # the side files belong to the old database
    for suffix in ("-wal", "-shm"):
        Path(f"{installation.folder.database_path}{suffix}").unlink(missing_ok=True)
    copy.replace(installation.folder.database_path)

    assert seen is not None
    assert directory.find(after.client.client_id) is None
    assert directory.find(before.client.client_id) is not None


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 4080])
def test_a_file_that_is_no_database_is_our_fault(
    installation: Installation, directory: Directory, tmp_path: Path, content: bytes
) -> None:
    directory.refresh()
    broken = tmp_path / "broken"
    broken.write_bytes(content)
    broken.replace(installation.folder.database_path)

    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            directory.find("anyone")


def test_the_wrong_master_key_is_our_fault_at_every_look_up(installation: Installation) -> None:
    other = Directory(installation.folder.database_path, Seal(b"k" * 32), time.time)

    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="another master key"):
            other.find("anyone")


def test_a_writer_under_way_keeps_nobody_waiting(installation: Installation, directory: Directory) -> None:
    created = add_client(installation)
    with closing(sqlite3.connect(installation.folder.database_path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE client SET deleted = 1")

        assert directory.find(created.client.client_id) is not None


@pytest.mark.parametrize("name", ["with a blank", "100%25", "what?mode=memory", "hash#tag", "ümlaut", "a'b", "a&b;c"])
def test_a_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    with installed(tmp_path / name) as installation:
        created = add_client(installation)

        assert open_directory(installation).find(created.client.client_id) is not None
        assert {"gatekey.db", "master.key"} <= {path.name for path in (tmp_path / name).iterdir()}
        assert [name] == [path.name for path in tmp_path.iterdir()]


def test_a_copied_folder_is_the_same_installation(installation: Installation, tmp_path: Path) -> None:
    created = add_client(installation)
    installation.close()
    shutil.copytree(installation.folder.path, tmp_path / "copy")
    copy = Directory(tmp_path / "copy" / "gatekey.db", Seal(installation.master.derive("storage")), time.time)

    assert copy.find(created.client.client_id) is not None
    assert copy.signing_key().key_id == open_directory(installation).published_keys()[0].key_id


def test_a_change_of_one_client_leaves_what_is_known_of_others(
    installation: Installation, directory: Directory
) -> None:
    changed, other = add_client(installation, "changed"), add_client(installation, "other")
    before = [directory.find(each.client.client_id) for each in (changed, other)]
    installation.clients.change(changed.client.client_id, scopes=("Operate",), by="test")
    after = [directory.find(each.client.client_id) for each in (changed, other)]

    assert [True, False] == [old is not new for old, new in zip(before, after, strict=True)]
    assert after[0] is not None
    assert frozenset({Scope.OPERATE}) == after[0].scopes


def test_an_id_that_nobody_had_is_found_once_somebody_has_it(installation: Installation, directory: Directory) -> None:
    created = add_client(installation)
    client_id = created.client.client_id
    with closing(sqlite3.connect(installation.folder.database_path)) as connection, connection:
        connection.execute("UPDATE client SET deleted = 1")
    before = [directory.find(client_id) for _ in range(2)]
    with closing(sqlite3.connect(installation.folder.database_path)) as connection, connection:
        connection.execute("UPDATE client SET deleted = NULL")
        connection.execute("INSERT INTO change_log (topic, subject) VALUES ('client', ?)", (client_id,))

    assert [None, None] == before
    assert directory.find(client_id) is not None


@pytest.mark.parametrize("client_id", ["", "\ud800", "a\0b", "x" * 100_000, "%", "' OR 1=1 --", "ü"])
def test_an_id_of_any_shape_is_just_unknown(directory: Directory, client_id: str) -> None:
    assert [None, None] == [directory.find(client_id) for _ in range(2)]


def test_more_changes_than_the_log_keeps_are_not_missed(installation: Installation, directory: Directory) -> None:
    first, other = add_client(installation, "first"), add_client(installation, "other")
    known = [directory.find(each.client.client_id) for each in (first, other)]
    installation.clients.delete(first.client.client_id, by="test")
    for _ in range(KEPT_CHANGES // MOST_AT_ONCE + 1):
        with installation.database.writing() as connection:
            note_changes(connection, Topic.CLIENT, *(f"nobody-{number}" for number in range(MOST_AT_ONCE)))
    with installation.database.reading() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM change_log").scalar_one()

    assert None not in known
    assert kept <= KEPT_CHANGES
    assert directory.find(first.client.client_id) is None
    assert directory.find(other.client.client_id) is not None


def test_a_change_of_everything_is_one_row_and_forgets_all(installation: Installation, directory: Directory) -> None:
    client_id = add_client(installation).client.client_id
    before = directory.find(client_id)
    with installation.database.writing() as connection:
        connection.exec_driver_sql("UPDATE client SET scopes = 'Operate'")
        note_changes(connection, Topic.CLIENT, *(f"nobody-{number}" for number in range(MOST_AT_ONCE + 1)))
        rows = connection.exec_driver_sql("SELECT topic FROM change_log ORDER BY number DESC LIMIT 1").scalar_one()
    after = directory.find(client_id)

    assert "everything" == rows
    assert before is not None
    assert after is not None
    assert (frozenset({Scope.ZEEBE}), frozenset({Scope.OPERATE})) == (before.scopes, after.scopes)


def test_a_backup_written_over_the_open_database_is_the_one_that_counts(
    installation: Installation, directory: Directory, tmp_path: Path
) -> None:
    with (
        closing(sqlite3.connect(installation.folder.database_path)) as source,
        closing(sqlite3.connect(tmp_path / "copy.db")) as copy,
    ):
        source.backup(copy)
        later = add_client(installation)
        seen = directory.find(later.client.client_id)
        copy.backup(source)

    assert seen is not None
    assert directory.find(later.client.client_id) is None


@pytest.mark.parametrize("kind", [Kind.CLIENT, Kind.CREDENTIAL, Kind.SCOPE])
def test_revocations_of_a_client_are_known_at_the_next_look_up(
    installation: Installation, directory: Directory, kind: Kind
) -> None:
    created = add_client(installation)
    client_id = created.client.client_id
    before = directory.find(client_id)
    subject = {
        Kind.CLIENT: client_id,
        Kind.CREDENTIAL: created.secret_id,
        Kind.SCOPE: name_scope(client_id, Scope.ZEEBE),
    }[kind]
    now = time.time()
    installation.revocations.revoke(Revocation(kind, subject, 1_900_000_000, now + 60), by="test", at=now)
    after = directory.find(client_id)

    assert before is not None
    assert after is not None
    assert (0, {}, {}) == (before.not_before, before.revoked, before.scopes_from)
    expected: dict[Kind, tuple[Any, Any, Any]] = {
        Kind.CLIENT: (1_900_000_000, {}, {}),
        Kind.CREDENTIAL: (0, {created.secret_id: 1_900_000_000}, {}),
        Kind.SCOPE: (0, {}, {Scope.ZEEBE: 1_900_000_000}),
    }
    assert expected[kind] == (after.not_before, after.revoked, after.scopes_from)


def test_neighbours_by_name_share_no_revocation(installation: Installation, directory: Directory) -> None:
    """
    Keys and scopes are named by their client's id; another id may begin like it.
    """
    created = add_client(installation)
    client_id, now = created.client.client_id, time.time()
    for other in (f"{client_id}x", client_id[:-1], f"{client_id};"):
        for kind, subject in ((Kind.CREDENTIAL, name_key(other, "kid")), (Kind.SCOPE, name_scope(other, Scope.ZEEBE))):
            installation.revocations.revoke(Revocation(kind, subject, 9, now + 60), by="test", at=now)
    own = name_key(client_id, "kid")
    installation.revocations.revoke(Revocation(Kind.CREDENTIAL, own, 9, now + 60), by="test", at=now)
    client = directory.find(client_id)

    assert client is not None
    assert ({own: 9}, {}) == (client.revoked, client.scopes_from)


def test_an_unknown_id_costs_the_look_ups_of_a_known_one(installation: Installation, directory: Directory) -> None:
    """
    Else how long a refusal takes would tell which ids exist.
    """
    created = add_client(installation)
    client_id = created.client.client_id
    deleted = add_client(installation, "deleted").client.client_id
    installation.clients.delete(deleted, by="test")
    directory.refresh()
    statements: list[str] = []
    connection = directory._connection  # noqa: SLF001 - what it asks the database is what is tested
    assert connection is not None
    connection.set_trace_callback(statements.append)

    def asked(wanted: str) -> list[str]:
        statements.clear()
        directory.find(wanted)
        return [statement.replace(wanted, "?") for statement in statements]

    first = [asked(each) for each in (client_id, "x" * len(client_id), deleted)]
    second = [asked(each) for each in (client_id, "x" * len(client_id), deleted)]

    assert first[0] == first[1] == first[2]
    assert 5 < len(first[0])
    assert second[0] == second[1] == second[2]
    assert 1 == len(second[0])
