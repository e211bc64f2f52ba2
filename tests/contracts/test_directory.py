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
from gatekey.server.run.installation import Installation
from gatekey.server.run.parts import open_directory
from gatekey.server.storage.directory import Directory
from gatekey.server.tokens.model import KnownClient, KnownSecret
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
