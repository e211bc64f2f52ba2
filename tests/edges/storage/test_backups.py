"""
Backup while the service runs, and restore: what comes back, what stays gone, and what is refused.
"""

import io
import json
import sqlite3
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gatekey.errors import ServiceError
from gatekey.oauth.vocabulary import Scope
from gatekey.server.clients.model import Created
from gatekey.server.run.compose import open_directory
from gatekey.server.run.installation import Installation, folder_of, open_installation
from gatekey.server.settings import Settings
from gatekey.server.storage.backups.archive import MANIFEST, MEMBERS
from gatekey.server.storage.backups.making import make_backup
from gatekey.server.storage.backups.restoring import Restored, RestoreRequest, restore_backup
from gatekey.server.storage.stores.revocation_store import SqlSpentAssertions
from gatekey.server.tokens.revocation import Kind, Revocation
from support.service import add_client, files_that_hold, installed

PASSPHRASE = "a made-up passphrase"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path / "data") as opened:
        yield opened


def back_up(installation: Installation, target: Path, passphrase: str | None = PASSPHRASE) -> Path:
    make_backup(installation.folder, installation.master, target, passphrase=passphrase, now=time.time())
    return target


def request_of(source: Path, folder: Path) -> RestoreRequest:
    return RestoreRequest(source, folder_of(Settings(data=folder)), passphrase=PASSPHRASE)


def restore(request: RestoreRequest) -> Restored:
    return restore_backup(request, by="test", now=time.time())


def test_what_was_backed_up_comes_back_and_works(installation: Installation, tmp_path: Path) -> None:
    created = add_client(installation)
    cluster = installation.clusters.all()[0]
    installation.clusters.set_secret(cluster, "A", "a-made-up-value", by="test")
    installation.folder.remember_site(installation.site)
    source = back_up(installation, tmp_path / "backup")
    later = add_client(installation, "later")
    restored = restore(request_of(source, tmp_path / "restored"))
    with closing(open_installation(Settings(data=tmp_path / "restored"), create=True)) as again:
        directory = open_directory(again)

        assert (1, None) == (restored.clients, restored.kept_gone)
        assert directory.find(created.client.client_id) == open_directory(installation).find(created.client.client_id)
        assert directory.find(later.client.client_id) is None
        assert "a-made-up-value" == again.clusters.secrets(cluster)[0].value.reveal()
        assert directory.signing_key().key_id == open_directory(installation).published_keys()[0].key_id
        assert installation.site == again.folder.recall_site()
    files = [path for path in (tmp_path / "restored").rglob("*") if path.is_file()]
    assert {0o600} == {path.stat().st_mode & 0o777 for path in [source, *files]}


def test_a_backup_is_one_state_while_others_write(installation: Installation, tmp_path: Path) -> None:
    with closing(sqlite3.connect(installation.folder.database_path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE client SET deleted = 1")
        source = back_up(installation, tmp_path / "backup")
        writer.execute("ROLLBACK")

    assert 0 == restore(request_of(source, tmp_path / "restored")).clients


def test_nothing_secret_lies_in_a_backup_in_clear(installation: Installation, tmp_path: Path) -> None:
    created = add_client(installation)
    cluster = installation.clusters.all()[0]
    installation.clusters.set_secret(cluster, "A", "a-made-up-value", by="test")
    session = installation.sign_in.redeem(installation.sign_in.issue_link())
    assert session is not None
    (tmp_path / "tls").mkdir()
    for name in ("ca.pem", "ca.key"):
        (installation.folder.tls_path).mkdir(exist_ok=True)
        (installation.folder.tls_path / name).write_text(f"a-made-up-{name}")
    source = back_up(installation, tmp_path / "backup")
    unpacked = tmp_path / "unpacked"
    with tarfile.open(source) as archive:
        archive.extractall(unpacked, filter="data")
    secrets = [created.secret.reveal(), "a-made-up", installation.master.to_text(), PASSPHRASE, session.key]

    assert set(MEMBERS) - {"site.json"} == {path.name for path in unpacked.iterdir()}
    assert [] == files_that_hold(secrets, unpacked)
    with closing(sqlite3.connect(unpacked / "gatekey.db")) as database:
        assert (0,) == database.execute("SELECT count(*) FROM session").fetchone()


def test_the_local_authority_comes_back_so_that_nobody_has_to_trust_another(
    installation: Installation, tmp_path: Path
) -> None:
    installation.folder.tls_path.mkdir()
    for name in ("ca.pem", "ca.key"):
        (installation.folder.tls_path / name).write_text(f"the {name}")
    restore(request_of(back_up(installation, tmp_path / "backup"), tmp_path / "restored"))

    assert ["the ca.pem", "the ca.key"] == [
        (tmp_path / "restored" / "tls" / name).read_text() for name in ("ca.pem", "ca.key")
    ]


def test_without_a_passphrase_the_master_key_is_needed_apart(installation: Installation, tmp_path: Path) -> None:
    source, folder = back_up(installation, tmp_path / "backup", None), tmp_path / "restored"
    with pytest.raises(ServiceError, match="master key is missing"):
        restore(request_of(source, folder))
    nothing = not (folder / "gatekey.db").exists()
    folder.joinpath("master.key").write_text(installation.master.to_text())
    restore(request_of(source, folder))
    elsewhere = replace(request_of(source, tmp_path / "elsewhere"), key=installation.master)
    restore(elsewhere)

    assert nothing
    assert not (tmp_path / "elsewhere" / "master.key").exists()
    with closing(open_installation(Settings(data=folder), create=True)) as again:
        assert open_directory(again).signing_key()


def test_a_wrong_key_or_passphrase_restores_nothing(installation: Installation, tmp_path: Path) -> None:
    source = back_up(installation, tmp_path / "backup")
    with closing(open_installation(Settings(data=tmp_path / "other"), create=True)) as other:
        wrong_key = replace(request_of(source, tmp_path / "restored"), key=other.master)
    for wrong in (wrong_key, replace(request_of(source, tmp_path / "restored"), passphrase="another made-up one")):
        with pytest.raises(ServiceError):
            restore(wrong)

    assert [] == [path.name for path in (tmp_path / "restored").iterdir()]


def test_nothing_is_ever_overwritten(installation: Installation, tmp_path: Path) -> None:
    source = back_up(installation, tmp_path / "backup")
    before = source.read_bytes()
    with pytest.raises(ServiceError, match="there already"):
        back_up(installation, source)
    with pytest.raises(ServiceError, match="already"):
        restore(request_of(source, tmp_path / "data"))

    assert before == source.read_bytes()
    assert {"backup", "data"} == {path.name for path in tmp_path.iterdir()}


def changed(members: Callable[[dict[str, bytes]], dict[str, bytes]]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with tarfile.open(path) as archive:
            content = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]  # all are files
        with tarfile.open(path, "w:gz") as archive:
            for name, each in members(content).items():
                member = tarfile.TarInfo(name)
                member.size = len(each)
                archive.addfile(member, io.BytesIO(each))

    return change


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(content: dict[str, bytes]) -> dict[str, bytes]:
    database = bytearray(content["gatekey.db"])
    database[5000] ^= 1
    return content | {"gatekey.db": bytes(database)}


def with_manifest(content: dict[str, bytes], **values: object) -> dict[str, bytes]:
    return content | {MANIFEST: json.dumps(json.loads(content[MANIFEST]) | values).encode()}


@pytest.mark.parametrize(
    "spoil",
    [
        cut,
        lambda path: path.write_bytes(b"garbage"),
        lambda path: path.write_bytes(b""),
        changed(flip),
        changed(lambda content: content | {"../escaped": b"x"}),
        changed(lambda content: {name: each for name, each in content.items() if name != "gatekey.db"}),
        changed(lambda content: {name: each for name, each in content.items() if name != MANIFEST}),
        changed(lambda content: content | {MANIFEST: b"[]"}),
        changed(lambda content: content | {"site.json": b"x" * 2_000_000}),
        changed(lambda content: with_manifest(content, form=2)),
        changed(lambda content: with_manifest(content, revision="9999")),
    ],
)
def test_what_is_no_whole_backup_of_ours_is_refused_and_leaves_nothing(
    installation: Installation, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    source = back_up(installation, tmp_path / "backup")
    spoil(source)

    with pytest.raises(ServiceError):
        restore(request_of(source, tmp_path / "restored"))

    assert [] == list((tmp_path / "restored").iterdir())
    assert not (tmp_path / "escaped").exists()


def live_secrets(installation: Installation, created: Created) -> int:
    known = open_directory(installation).find(created.client.client_id)
    return sum(secret.ends is None for secret in known.secrets.values()) if known else 0


def test_what_was_deleted_ended_or_revoked_since_stays_so(installation: Installation, tmp_path: Path) -> None:
    deleted, rotated, narrowed = (add_client(installation, name, ("Zeebe", "Operate")) for name in "abc")
    source = back_up(installation, tmp_path / "backup")
    installation.clients.delete(deleted.client.client_id, by="test")
    installation.secrets.rotate(rotated.client.client_id, by="test")
    installation.clients.change(narrowed.client.client_id, scopes=("Operate",), by="test")
    now = time.time()
    installation.revocations.revoke(Revocation(Kind.TOKEN, "jti", 1, now + 600), by="test", at=now)
    spent = SqlSpentAssertions(installation.database)
    spent.spend("client", "assertion", now + 600)
    forgetful = restore(request_of(source, tmp_path / "forgetful"))
    restored = restore(replace(request_of(source, tmp_path / "restored"), lost=installation.folder.path))

    assert forgetful.kept_gone is None
    assert {"clients": 1, "scopes": 1, "secrets": 1, "revocations": 3, "assertions": 1} == restored.kept_gone
    with closing(open_installation(Settings(data=tmp_path / "restored"), create=True)) as again:
        directory = open_directory(again)
        known = directory.find(narrowed.client.client_id)

        assert directory.find(deleted.client.client_id) is None
        assert 0 == live_secrets(again, rotated)
        assert known is not None
        assert frozenset({Scope.OPERATE}) == known.scopes
        assert directory.is_revoked("jti")
        assert not SqlSpentAssertions(again.database).spend("client", "assertion", now + 600)


def test_readers_that_know_a_later_state_learn_that_all_is_another(installation: Installation, tmp_path: Path) -> None:
    source = back_up(installation, tmp_path / "backup")
    for number in range(3):
        add_client(installation, f"client-{number}")
    later = open_directory(installation).refresh()
    restore(request_of(source, tmp_path / "restored"))
    with closing(open_installation(Settings(data=tmp_path / "restored"), create=True)) as again:
        assert later < open_directory(again).refresh()
