"""
The database file itself: what lies in it, who may read it, and what happens when it is damaged.
"""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from gatekey.errors import ServiceError, StorageUnavailable
from gatekey.server.run.compose import open_directory
from gatekey.server.run.installation import Installation, open_installation
from gatekey.server.settings import Settings
from support.service import add_client, installed


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path / "data") as opened:
        yield opened


@contextmanager
def sql(installation: Installation) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(installation.folder.database_path, isolation_level=None)) as connection:
        yield connection


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in [folder, *folder.rglob("*")]}


def test_nobody_else_can_read_the_data_folder_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with closing(open_installation(Settings(data=tmp_path / "a" / "data"), create=True)) as installation:
            add_client(installation)
            found = modes(tmp_path / "a" / "data")
    finally:
        os.umask(before)

    assert found.pop("data") == "0o700"
    assert {"gatekey.db", "gatekey.db-wal", "gatekey.db-shm", "master.key"} <= set(found)
    assert {"0o600"} == set(found.values())


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 4080, b"\0" * 4096])
def test_a_file_that_is_no_database_is_one_sentence_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    with installed(tmp_path / "data") as installation:
        path = installation.folder.database_path
    path.write_bytes(content)

    with pytest.raises(StorageUnavailable, match="does not answer") as raised:
        open_installation(Settings(data=tmp_path / "data"), create=True)

    assert "\n" not in str(raised.value)
    assert content == path.read_bytes()


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_cut_database_is_storage_trouble_and_nothing_else(tmp_path: Path, kept: float) -> None:
    with installed(tmp_path / "data") as installation:
        for number in range(20):
            add_client(installation, f"client-{number}")
        path = installation.folder.database_path
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])

    with suppress(StorageUnavailable), closing(open_installation(Settings(data=tmp_path / "data"), create=True)) as cut:
        add_client(cut, "another")
        open_directory(cut).find("anyone")
        list(cut.clients.each(cut.clusters.all()[0].cluster_id))


def test_stores_report_a_damaged_database_as_our_fault(installation: Installation) -> None:
    path = installation.folder.database_path
    installation.close()
    path.write_bytes(b"garbage" * 1000)

    for use in (
        installation.clusters.all,
        installation.clusters.store.first_organisation,
        installation.sign_in.issue_link,
        installation.sign_in.owner_has_signed_in,
        lambda: installation.clients.find("x"),
        lambda: installation.clients.delete("x", by="test"),
        lambda: installation.sign_in.recognise("x"),
    ):
        with pytest.raises(StorageUnavailable):
            use()


def test_stores_never_put_an_empty_database_in_the_place_of_one_that_was_moved_away(installation: Installation) -> None:
    """
    SQLite throws away the write-ahead log beside an empty file: what was committed there would be lost for good.
    """
    directory = open_directory(installation)
    directory.refresh()
    created = add_client(installation)
    path = installation.folder.database_path
    installation.close()
    path.rename(path.with_suffix(".away"))
    with pytest.raises(StorageUnavailable):
        installation.clusters.all()
    appeared = path.exists()
    path.with_suffix(".away").replace(path)

    assert not appeared
    assert open_directory(installation).find(created.client.client_id) is not None


def test_stores_see_the_database_that_was_put_in_the_place_of_the_old_one(
    installation: Installation, tmp_path: Path
) -> None:
    """
    Else a client created in the console would be written to a file that is no longer there.
    """
    path = installation.folder.database_path
    copy = tmp_path / "copy.db"
    with sql(installation) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    add_client(installation, "only-in-the-old-one")
    for side in path.parent.glob("gatekey.db-*"):
        side.unlink()
    copy.replace(path)
    created = add_client(installation, "only-in-the-new-one")

    assert open_directory(installation).find(created.client.client_id) is not None
    assert ["only-in-the-new-one"] == [
        listed.client.name for listed in installation.clients.each(created.client.cluster_id)
    ]


def test_a_sealed_value_opens_in_its_own_place_only(installation: Installation) -> None:
    cluster = installation.clusters.all()[0]
    for name in ("MINE", "YOURS"):
        installation.clusters.set_secret(cluster, name, f"the value of {name}", by="test")
    with sql(installation) as connection:
        connection.execute(
            "UPDATE cluster_secret SET sealed = (SELECT sealed FROM cluster_secret WHERE name = 'YOURS')"
        )

    with pytest.raises(StorageUnavailable) as raised:
        installation.clusters.secrets(cluster)

    assert "the value" not in str(raised.value)


@pytest.mark.parametrize("sealed", [b"", b"x", b"\0" * 12, b"\0" * 28])
def test_a_changed_sealed_value_is_our_fault(installation: Installation, sealed: bytes) -> None:
    cluster = installation.clusters.all()[0]
    installation.clusters.set_secret(cluster, "A", "a-value", by="test")
    with sql(installation) as connection:
        connection.execute("UPDATE cluster_secret SET sealed = ?", [sealed])
        connection.execute("UPDATE signing_key SET sealed = ?", [sealed])

    with pytest.raises(StorageUnavailable):
        installation.clusters.secrets(cluster)
    with pytest.raises(StorageUnavailable):
        open_directory(installation).signing_key()


def test_every_change_is_told_in_the_audit_and_no_secret_is(installation: Installation) -> None:
    cluster = installation.clusters.all()[0]
    created = add_client(installation)
    installation.clusters.set_secret(cluster, "A", "a-made-up-value", by="somebody")
    installation.clusters.delete_secret(cluster, "A", by="somebody")
    installation.clusters.create("new", "local", "a:1", "http://a:2", by="somebody")
    installation.clients.delete(created.client.client_id, by="somebody")
    installation.clients.delete(created.client.client_id, by="somebody")
    installation.sign_in.redeem(installation.sign_in.issue_link())
    with sql(installation) as connection:
        entries = connection.execute("SELECT actor, action, subject, subject_id, detail FROM audit ORDER BY entry")
        rows = entries.fetchall()

    assert [row[:3] for row in rows] == [
        ("gatekey", "founded", "organisation"),
        ("test", "created", "client"),
        ("somebody", "set", "cluster secret"),
        ("somebody", "deleted", "cluster secret"),
        ("somebody", "created", "cluster"),
        ("somebody", "deleted", "client"),
        ("owner@localhost", "signed in", "member"),
    ]
    assert "made-up" not in str(rows)
    assert created.secret.reveal() not in str(rows)


def test_a_deleted_client_stays_as_a_tombstone(installation: Installation) -> None:
    created = add_client(installation)
    installation.clients.delete(created.client.client_id, by="test")
    with sql(installation) as connection:
        (deleted,) = connection.execute(
            "SELECT deleted FROM client WHERE client_id = ?", [created.client.client_id]
        ).fetchone()

    assert deleted > created.client.created.timestamp()


def test_a_writing_transaction_that_fails_leaves_nothing(installation: Installation) -> None:
    before = installation.clusters.all()
    with sql(installation) as connection:
        connection.execute("DROP TABLE audit")

    with pytest.raises(StorageUnavailable):
        installation.clusters.create("half", "local", "a:1", "http://a:2", by="test")

    assert before == installation.clusters.all()


def test_no_error_of_the_database_carries_the_values_of_a_statement(installation: Installation) -> None:
    with sql(installation) as connection:
        connection.execute("DROP TABLE cluster_secret")

    with pytest.raises(StorageUnavailable) as raised:
        installation.clusters.set_secret(installation.clusters.all()[0], "A_NAME", "a-made-up-value", by="test")

    assert "made-up" not in f"{raised.value}"
    assert "A_NAME" not in f"{raised.value}"


OPENING = """
import sys
from pathlib import Path
from gatekey.server.run.installation import open_installation
from gatekey.server.run.compose import open_directory
from gatekey.server.settings import Settings

settings = Settings(data=Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
installation = open_installation(settings, create=True)
print(installation.clusters.store.first_organisation(), open_directory(installation).published_keys()[0].key_id)
"""


def test_of_many_first_starts_at_once_all_open_the_same_installation(tmp_path: Path) -> None:
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", OPENING, str(tmp_path / "data")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for start in starts:
        assert start.stdout is not None
        assert start.stdout.readline() == "ready\n"
    done = []
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("\n")
        start.stdin.flush()
    for start in starts:
        done.append(start.communicate())  # noqa: PERF401 - they have to be started first, all of them
    with closing(open_installation(Settings(data=tmp_path / "data"))) as installation:
        key_id = open_directory(installation).published_keys()[0].key_id
        expected = f"{installation.clusters.store.first_organisation()} {key_id}\n"

    assert [(expected, "")] * 3 == done


@pytest.mark.parametrize(
    "left",
    [
        {"gatekey.db": b""},
        {"master.key.new": b"half"},
        {"gatekey.db": b"", "master.new": b"half"},
        {"gatekey.db": b"", "master.key": b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"},
    ],
)
def test_a_first_start_that_was_cut_off_can_be_repeated(tmp_path: Path, left: dict[str, bytes]) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    for name, content in left.items():
        (folder / name).write_bytes(content)

    with closing(open_installation(Settings(data=folder), create=True)) as installation:
        created = add_client(installation)

        assert open_directory(installation).find(created.client.client_id) is not None


def test_commands_do_not_take_an_empty_file_for_an_installation(tmp_path: Path) -> None:
    """
    A database that a full disk cut to nothing must not be filled with new tables by `gatekey clients list`.
    """
    with installed(tmp_path / "data") as installation:
        path = installation.folder.database_path
    path.write_bytes(b"")

    with pytest.raises(ServiceError):
        open_installation(Settings(data=tmp_path / "data"))

    assert path.read_bytes() == b""
