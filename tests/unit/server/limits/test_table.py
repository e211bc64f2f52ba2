import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.errors import ServiceError
from gatekey.server.limits.model import AddressState
from gatekey.server.limits.table import BUCKET_SIZE, HEAD_SIZE, NAMES, PLACES, STATE, Table, create_table

WORDS = st.integers(0, 2**64 - 1)
COUNTS = st.integers(0, 2**32 - 1)
STATES = st.builds(AddressState, WORDS, WORDS, WORDS, COUNTS, COUNTS)
EARLIER, LATER = AddressState(1, 2, 3, 4, 5), AddressState(10, 20, 30, 40, 50)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limits"


@pytest.fixture
def table(path: Path) -> Iterator[Table]:
    create_table(path, 1000)
    with closing(Table(path)) as opened:
        yield opened


@pytest.fixture(scope="module")
def one_table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    path = tmp_path_factory.mktemp("table") / "limits"
    create_table(path, 1000)
    with closing(Table(path)) as opened:
        yield opened


def test_the_file_has_the_places_that_were_asked_for_and_is_private(path: Path) -> None:
    create_table(path, 1000)
    status = path.stat()

    assert HEAD_SIZE + 63 * BUCKET_SIZE == status.st_size
    assert 72 == BUCKET_SIZE // PLACES
    assert 0o600 == stat.S_IMODE(status.st_mode)
    assert [path] == list(path.parent.iterdir())


def test_addresses_spread_over_all_buckets(table: Table) -> None:
    buckets = [table.locate(f"address {number}")[0] for number in range(1000)]

    assert {HEAD_SIZE + number * BUCKET_SIZE for number in range(63)} == set(buckets)


def test_where_an_address_is_kept_differs_from_file_to_file(tmp_path: Path, table: Table) -> None:
    create_table(tmp_path / "other", 1000)
    with closing(Table(tmp_path / "other")) as other:
        same = [table.locate(f"{n}") == other.locate(f"{n}") for n in range(100)]

    assert not any(same)


@given(st.text(st.characters(codec="utf-8")), STATES)
def test_what_is_written_is_found_and_read(one_table: Table, address: str, state: AddressState) -> None:
    bucket, name = one_table.locate(address)
    one_table.write(bucket, 7, name, state)

    assert (7, state) == one_table.find(bucket, name)


def test_an_empty_place_holds_nothing(table: Table) -> None:
    bucket, name = table.locate("somebody")

    assert (None, None) == table.find(bucket, name)
    assert [None] * PLACES == list(table.read_all(bucket))


def test_a_newcomer_takes_over_a_place_entirely(table: Table) -> None:
    bucket, name = table.locate("first")
    _, other = table.locate("second")
    table.write(bucket, 3, name, EARLIER)
    table.write(bucket, 3, other, LATER)

    assert ((None, None), (3, LATER)) == (table.find(bucket, name), table.find(bucket, other))


@pytest.mark.parametrize("writes", [1, 2, 3])
@pytest.mark.parametrize("newcomer", [False, True], ids=["same address", "newcomer"])
@given(data=st.data())
def test_a_write_that_is_broken_off_anywhere_leaves_what_was_there(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, *, newcomer: bool, writes: int
) -> None:
    """
    Whatever part of a write has reached the file: as long as its last word has not, the state before it is read.
    """
    path = tmp_path_factory.getbasetemp() / f"torn {newcomer} {writes}"
    path.unlink(missing_ok=True)
    create_table(path, PLACES)
    with closing(Table(path)) as table:
        bucket, name = table.locate("one")
        for _ in range(writes):
            table.write(bucket, 5, name, EARLIER)
        before = path.read_bytes()
        table.write(bucket, 5, table.locate("another")[1] if newcomer else name, LATER)
        after = path.read_bytes()
        word = bucket + NAMES.size // PLACES * 5
        changed = [at for at in range(len(after)) if before[at] != after[at]]
        arrived = [at for at in changed if not word <= at < word + 8 and data.draw(st.booleans())]
        with path.open("r+b") as file:
            for at in changed:
                os.pwrite(file.fileno(), (after if at in arrived else before)[at : at + 1], at)

        assert len(changed) <= STATE.size + 8
        assert (5, EARLIER) == table.find(bucket, name)


def remembered(path: Path) -> bool:
    """
    Tell whether a table that was made again still knows what the one before knew.
    """
    create_table(path, 1000)
    with closing(Table(path)) as table:
        return table.find(*table.locate("somebody")) == (0, EARLIER)


@pytest.fixture
def used(path: Path) -> Path:
    create_table(path, 1000)
    with closing(Table(path)) as table:
        bucket, name = table.locate("somebody")
        table.write(bucket, 0, name, EARLIER)
    return path


def test_a_table_outlives_its_service(used: Path) -> None:
    assert remembered(used)


@pytest.mark.parametrize(("at", "what"), [(0, "form"), (16, "start of the machine"), (56, "size")])
def test_a_table_of_another_form_or_start_of_the_machine_is_refused_and_made_anew(
    used: Path, at: int, what: str
) -> None:
    whole = bytearray(used.read_bytes())
    whole[at] ^= 1
    used.write_bytes(whole)
    with pytest.raises(ServiceError, match="not the file"):
        Table(used)

    assert not remembered(used), what


def test_a_table_of_another_capacity_is_made_anew(used: Path) -> None:
    create_table(used, 2000)

    assert HEAD_SIZE + 125 * BUCKET_SIZE == used.stat().st_size


@pytest.mark.parametrize("length", [0, 50, 4096, 10_000])
def test_a_table_that_is_cut_off_is_refused_and_made_anew(used: Path, length: int) -> None:
    os.truncate(used, length)
    with pytest.raises(ServiceError, match="not the file"):
        Table(used)

    assert not remembered(used)


def test_a_table_that_others_may_open_is_refused_and_made_anew(used: Path) -> None:
    used.chmod(0o640)
    with pytest.raises(ServiceError, match="not the file"):
        Table(used)

    assert not remembered(used)
    assert 0o600 == stat.S_IMODE(used.stat().st_mode)


def test_a_link_in_the_place_of_the_table_is_not_followed(used: Path) -> None:
    target = used.rename(used.with_name("elsewhere"))
    content = target.read_bytes()
    used.symlink_to(target)
    with pytest.raises(ServiceError, match="cannot be read"):
        Table(used)

    assert not remembered(used)
    assert not used.is_symlink()
    assert content == target.read_bytes()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "limits"

    with pytest.raises(ServiceError, match=r"nowhere/limits: No such file"):
        create_table(path, 100)
    with pytest.raises(ServiceError, match=r"nowhere/limits: No such file"):
        Table(path)


def test_a_place_that_is_taken_by_a_folder_leaves_no_half_made_file(tmp_path: Path) -> None:
    path = tmp_path / "limits"
    path.mkdir()
    with pytest.raises(ServiceError, match="cannot be kept"):
        create_table(path, 100)

    assert [path] == list(tmp_path.iterdir())
