"""
Copying the data folder with nothing but `cp`: a copy is whole, or it is refused.
"""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from gatekey.errors import ServiceError
from gatekey.server.run.installation import Installation, open_installation
from gatekey.server.settings import Settings
from gatekey.server.vault.master_key import installation_of_key
from support.product import running_product
from support.service import add_client, eventually, installed

WHOLE = ("gatekey.db", "master.key")


def copy_of(folder: Path, target: Path, names: tuple[str, ...] = WHOLE) -> Path:
    target.mkdir(mode=0o700)
    for name in names:
        shutil.copy(folder / name, target / name)
    return target


def names_in(folder: Path) -> list[str]:
    with closing(open_installation(Settings(data=folder))) as installation:
        return [listed.client.name for listed in installation.clients.each(cluster_id(installation))]


def cluster_id(installation: Installation) -> str:
    return installation.clusters.all()[0].cluster_id


def test_a_copy_made_while_the_service_runs_is_seconds_behind(tmp_path: Path) -> None:
    with running_product(tmp_path / "data", with_gateway=False) as product:
        names = [f"client-{number}" for number in range(3)]
        for name in names:
            product.create_client(name)
        copies = iter(range(1_000))

        def is_whole() -> bool:
            return names == names_in(copy_of(product.data, tmp_path / f"copy-{next(copies)}"))

        eventually(is_whole)


def test_a_copy_made_right_after_the_first_start_has_its_tables(tmp_path: Path) -> None:
    with closing(open_installation(Settings(data=tmp_path / "data"), create=True)):
        copy = copy_of(tmp_path / "data", tmp_path / "copy")

    assert [] == names_in(copy)


@pytest.mark.parametrize("content", [b"", None])
@pytest.mark.parametrize("create", [False, True])
def test_a_master_key_whose_database_is_gone_founds_nothing(
    tmp_path: Path, content: bytes | None, *, create: bool
) -> None:
    with installed(tmp_path / "data") as installation:
        add_client(installation)
    copy = copy_of(tmp_path / "data", tmp_path / "copy", ("master.key",))
    if content is not None:
        (copy / "gatekey.db").write_bytes(content)
    before = (copy / "master.key").read_bytes()

    with pytest.raises(ServiceError, match="not whole"):
        open_installation(Settings(data=copy), create=create)

    assert before == (copy / "master.key").read_bytes()
    assert b"" == ((copy / "gatekey.db").read_bytes() if (copy / "gatekey.db").exists() else b"")


def test_a_folder_that_was_served_is_not_founded_anew_without_database_and_key(tmp_path: Path) -> None:
    with installed(tmp_path / "data") as installation:
        installation.folder.remember_site(installation.site)
    copy = copy_of(tmp_path / "data", tmp_path / "copy", ("site.json",))

    with pytest.raises(ServiceError, match="not whole"):
        open_installation(Settings(data=copy), create=True)

    assert not (copy / "master.key").exists()


def test_a_database_and_a_key_of_different_installations_are_told_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        open_installation(Settings(data=tmp_path / name), create=True).close()
    shutil.copy(tmp_path / "two" / "master.key", tmp_path / "one" / "master.key")

    with pytest.raises(ServiceError, match="another installation"):
        open_installation(Settings(data=tmp_path / "one"), create=True)


def test_a_copy_that_is_torn_is_refused_at_its_first_start(tmp_path: Path) -> None:
    with installed(tmp_path / "data") as installation:
        for number in range(100):
            add_client(installation, f"client-{number}")
    copy = copy_of(tmp_path / "data", tmp_path / "copy")
    torn = bytearray((copy / "gatekey.db").read_bytes())
    for start in range(len(torn) // 2 // 4096 * 4096, len(torn), 4096):
        torn[start : start + 8] = b"\xff" * 8  # the heads of pages that another copy had written
    (copy / "gatekey.db").write_bytes(torn)

    with pytest.raises(ServiceError, match=r"damaged|does not answer"):
        open_installation(Settings(data=copy), create=True)


def test_the_key_of_an_older_release_learns_whose_it_is(tmp_path: Path) -> None:
    with installed(tmp_path / "data") as installation:
        key = installation.folder.master_key_path
    first_line = key.read_text().splitlines()[0]
    key.write_text(f"{first_line}\n")
    with closing(open_installation(Settings(data=tmp_path / "data"), create=True)) as installation:
        add_client(installation)

    assert first_line == key.read_text().splitlines()[0]
    assert installation_of_key(key) is not None
    assert "0o600" == oct(key.stat().st_mode & 0o777)
