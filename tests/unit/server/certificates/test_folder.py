import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gatekey.errors import ServiceError
from gatekey.server.certificates.authority import LIFE, Pair, issue, make_authority
from gatekey.server.certificates.folder import BUNDLE, KEPT, PUBLIC, TlsFolder
from gatekey.server.clusters import addresses

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NAMES = ["localhost"]


@pytest.fixture
def folder(tmp_path: Path) -> TlsFolder:
    return TlsFolder(tmp_path / "tls")


def served(folder: TlsFolder) -> Pair:
    return Pair(*(Path(file).read_bytes() for file in folder.files))


def ends(folder: TlsFolder) -> datetime:
    return x509.load_pem_x509_certificate(served(folder).certificate).not_valid_after_utc


def write_own(path: Path, pair: Pair) -> TlsFolder:
    (path / "own.pem").write_bytes(pair.certificate)
    (path / "own.key").write_bytes(pair.key)
    return TlsFolder.of(path / "tls", path / "own.pem", path / "own.key")


def test_a_certificate_is_made_once_and_then_kept(folder: TlsFolder) -> None:
    first = folder.keep(NAMES, "here", NOW)
    pair, version = served(folder), folder.version

    assert (True, False) == (first, folder.keep(NAMES, "here", NOW + timedelta(days=1)))
    assert (pair, version) == (served(folder), folder.version)


def test_keys_are_for_us_alone(folder: TlsFolder) -> None:
    folder.keep(NAMES, "here", NOW)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder.path / "ca.key", Path(folder.files[1]), folder.path)]

    assert [0o600, 0o600, 0o700] == modes


def test_a_certificate_is_renewed_before_it_ends_by_the_same_authority(folder: TlsFolder) -> None:
    folder.keep(NAMES, "here", NOW)
    authority = (folder.path / "ca.pem").read_bytes()
    renewed = folder.keep(NAMES, "here", NOW + LIFE - timedelta(days=1))

    assert (True, NOW + 2 * LIFE - timedelta(days=1)) == (renewed, ends(folder))
    assert authority == (folder.path / "ca.pem").read_bytes()


def test_a_new_name_brings_a_new_certificate(folder: TlsFolder) -> None:
    folder.keep(NAMES, "here", NOW)

    assert folder.keep([*NAMES, "other.example.org"], "here", NOW)


def test_an_authority_whose_key_is_lost_is_replaced(folder: TlsFolder) -> None:
    folder.keep(NAMES, "here", NOW)
    (folder.path / "ca.key").unlink()

    assert folder.keep(NAMES, "here", NOW)


def test_old_pairs_do_not_pile_up(folder: TlsFolder) -> None:
    for number in range(2 * KEPT):
        folder.keep([f"{number}.example.org"], "here", NOW)
    pairs = [entry for entry in (folder.path / "served").iterdir() if not entry.is_symlink()]

    assert KEPT == len(pairs)


def test_own_files_are_served_and_followed(tmp_path: Path) -> None:
    first, second = (issue(make_authority("test", NOW), NAMES, NOW) for _ in range(2))
    folder = write_own(tmp_path, first)
    told = [folder.keep(NAMES, "here", NOW), folder.keep(NAMES, "here", NOW)]
    write_own(tmp_path, second)
    told.append(folder.keep(NAMES, "here", NOW))

    assert ([True, False, True], second) == (told, served(folder))
    assert folder.authority is None


@pytest.mark.parametrize("broken", ["certificate", "key", "together", "missing"])
def test_own_files_that_do_not_work_are_refused_and_the_old_ones_stay(tmp_path: Path, broken: str) -> None:
    good, other = (issue(make_authority("test", NOW), NAMES, NOW) for _ in range(2))
    folder = write_own(tmp_path, good)
    folder.keep(NAMES, "here", NOW)
    match broken:
        case "certificate":
            (tmp_path / "own.pem").write_bytes(b"half a certif")
        case "key":
            (tmp_path / "own.key").write_bytes(b"-----BEGIN PRIVATE KEY-----\n")
        case "together":
            (tmp_path / "own.key").write_bytes(other.key)
        case _:
            (tmp_path / "own.pem").unlink()

    with pytest.raises(ServiceError) as refused:
        folder.keep(NAMES, "here", NOW)

    assert str(tmp_path / "own") in str(refused.value)
    assert good == served(folder)


def test_a_bundle_has_our_authority_and_the_machines(folder: TlsFolder) -> None:
    folder.keep(NAMES, "here", NOW)
    bundle = (folder.path / "bundle.pem").read_bytes()

    assert bundle.startswith((folder.path / "ca.pem").read_bytes())
    assert all(Path(name).read_bytes() in bundle for name in PUBLIC[:1] if Path(name).exists())
    assert "bundle.pem" == BUNDLE == addresses.BUNDLE
