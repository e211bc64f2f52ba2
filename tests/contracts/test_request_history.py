"""
What every `RequestHistory` promises: workers add up, old minutes go, names are found for the living and the deleted.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gatekey.errors import StorageUnavailable
from gatekey.server.events.model import OAuthAnswered, Outcome, Verdict
from gatekey.server.run.installation import Installation
from gatekey.server.storage.traffic.request_history import MOST_READ, SqlRequestHistory
from gatekey.server.storage.traffic.request_recorder import RequestRecorder
from gatekey.server.traffic.counting import Row
from gatekey.server.traffic.history import OTHERS, Block, Trace, total
from support.service import add_client, installed

NOW = 1_900_000_000.0
MINUTE = int(NOW // 60)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def history(installation: Installation) -> SqlRequestHistory:
    return SqlRequestHistory(installation.database, 86_400)


def answered(address: str = "192.0.2.1", client_id: str | None = "a", blocked_for: int = 0) -> OAuthAnswered:
    verdict = Verdict.BLOCKED if blocked_for else Verdict.ADMITTED
    outcome = Outcome.BLOCKED if blocked_for else Outcome.GRANTED
    return OAuthAnswered("token", address, client_id, 200, "", "curl/8", None, outcome, verdict, blocked_for)


def row(minute: int = MINUTE, address: str = "192.0.2.1") -> Row:
    return Row(minute, address, "a", "curl/8", "token", "granted", "admitted", "")


def test_workers_add_up(history: SqlRequestHistory) -> None:
    workers = [RequestRecorder(history, lambda: NOW) for _ in range(3)]
    for worker in workers:
        for _ in range(5):
            worker.tell(answered())
        worker.flush()

    trace = Trace(MINUTE, "192.0.2.1", "a", "curl/8", "token", Outcome.GRANTED, Verdict.ADMITTED)

    assert ((trace, 15),) == history.of_address("192.0.2.1", MINUTE)
    assert ((trace, 15),) == history.of_client("a", MINUTE)
    assert 15 == total(history.over_time(MINUTE, 1))


def test_only_what_is_asked_for_is_told(history: SqlRequestHistory) -> None:
    history.add({row(): 1, row(MINUTE - 1): 2, row(address="192.0.2.2"): 4})

    assert 1 == total(history.of_address("192.0.2.1", MINUTE))
    assert 3 == total(history.of_address("192.0.2.1", MINUTE - 1))
    assert 7 == total(history.of_client("a", 0))
    assert () == history.of_client("b", 0)


def test_the_worst_addresses_are_told_with_sums_clients_and_last_minutes(history: SqlRequestHistory) -> None:
    history.add(
        {
            row(address="quiet")._replace(client_id="b"): 50,
            row(MINUTE - 3, "bad")._replace(outcome="limited", verdict="limited"): 4,
            row(MINUTE - 1, "bad")._replace(outcome="limited", verdict="limited", client_id="b"): 5,
            row(MINUTE - 2, "bad"): 1,
            row(MINUTE - 2, "bad")._replace(client_id="", outcome="failed"): 1,
            row(address="worse")._replace(outcome="wrong secret"): 10,
            row(MINUTE - 99, "worst, long ago")._replace(outcome="blocked"): 999,
        }
    )
    worst = history.worst(MINUTE - 9, 2, {"quiet", "never asked"})
    bad = {trace.outcome: (trace.minute, number) for trace, number in worst.counted if trace.address == "bad"}

    assert 3 == worst.addresses
    assert {"worse": 1, "bad": 2, "quiet": 1} == dict(worst.clients)
    assert {(MINUTE - 1, 9), (MINUTE - 2, 1)} == set(bad.values())
    assert 71 == total(worst.counted)


def test_points_of_time_are_added_up(history: SqlRequestHistory) -> None:
    start = MINUTE - MINUTE % 15
    history.add({row(start + each): 1 for each in range(20)})

    assert {start: 15, start + 15: 5} == {trace.minute: number for trace, number in history.over_time(0, 15)}


def test_what_is_too_much_to_be_read_is_told_as_others_and_sums_are_true(history: SqlRequestHistory) -> None:
    """
    Somebody made a name up for each request, all day.
    """
    for part in range(3):
        names = range(part * 10_000, (part + 1) * 10_000)
        history.add({row(MINUTE - n % 100)._replace(client_id=f"made-up-{n}"): 1 for n in names})
    history.add({row(): 7_000})
    told = history.of_address("192.0.2.1", 0)
    others = [number for trace, number in told if trace.client_id == OTHERS]

    assert 37_000 == total(told)
    assert MOST_READ + 100 >= len(told)
    assert 10_001 == sum(others)
    assert 7_000 == total([each for each in told if each[0].client_id == "a"])


def test_a_block_is_noted_once_whoever_saw_it(history: SqlRequestHistory) -> None:
    clock = [NOW]
    workers = [RequestRecorder(history, lambda: clock[0]) for _ in range(2)]
    for elapsed, worker in ((10.0, workers[1]), (0.0, workers[0]), (20.4, workers[0]), (21.0, workers[1])):
        clock[0] = NOW + elapsed
        worker.tell(answered(blocked_for=60 - int(elapsed)))
    for worker in (*workers, *workers):
        worker.flush()

    [block] = history.blocks(NOW)

    assert ("192.0.2.1", NOW, True) == (block.address, block.began, block.enforced)
    assert NOW + 60 == pytest.approx(block.ends, abs=1)


def test_the_next_block_is_another_one(history: SqlRequestHistory) -> None:
    history.add_blocks([Block("192.0.2.1", NOW, NOW + 60), Block("192.0.2.1", NOW + 70, NOW + 190)])

    assert [NOW, NOW + 70] == [block.began for block in history.blocks(NOW)]
    assert [NOW + 70] == [block.began for block in history.blocks(NOW + 60)]
    assert () == history.blocks(0, "192.0.2.2")


def test_old_minutes_and_blocks_go_and_new_ones_stay(history: SqlRequestHistory) -> None:
    history.add({row(MINUTE - age): 1 for age in range(3_000)})
    history.add_blocks([Block("192.0.2.1", NOW - 9_000, NOW - 8_940), Block("192.0.2.1", NOW - 70, NOW - 10)])
    history.prune(MINUTE - 99)

    assert 100 == total(history.over_time(0, 1))
    assert MINUTE - 99 == min(trace.minute for trace, _ in history.over_time(0, 1))
    assert [NOW - 70] == [block.began for block in history.blocks(0)]


def test_of_too_many_rows_the_oldest_minutes_go(history: SqlRequestHistory) -> None:
    history.add({row(MINUTE - age, f"192.0.2.{host}"): 1 for age in range(10) for host in range(10)})
    history.prune(0, most=35)

    assert 30 == total(history.over_time(0, 1))
    assert MINUTE - 2 == min(trace.minute for trace, _ in history.over_time(0, 1))


def test_the_living_and_the_deleted_have_names(installation: Installation, history: SqlRequestHistory) -> None:
    live, gone = add_client(installation, "live"), add_client(installation, "gone")
    installation.clients.delete(gone.client.client_id, by="test")
    named = history.names([live.client.client_id, gone.client.client_id, "unknown"])

    assert (gone.client.client_id,) == history.called("gone")
    assert {"live", "gone"} == {client.name for client in named.values()}
    assert (None, 86_400) == (named[live.client.client_id].deleted, named[live.client.client_id].lifetime)
    assert named[gone.client.client_id].deleted is not None


def test_trouble_with_the_database_loses_nothing(installation: Installation, history: SqlRequestHistory) -> None:
    recorder = RequestRecorder(history, lambda: NOW)
    recorder.tell(answered(blocked_for=60))
    with closing(sqlite3.connect(installation.folder.database_path)) as other:
        other.execute("ALTER TABLE request_minute RENAME TO away")
        other.execute("ALTER TABLE address_block RENAME TO away_too")
        with pytest.raises(StorageUnavailable):
            recorder.flush()
        recorder.tell(answered(blocked_for=60))
        other.execute("ALTER TABLE away RENAME TO request_minute")
        other.execute("ALTER TABLE away_too RENAME TO address_block")
    recorder.flush()

    assert 2 == total(history.over_time(0, 1))
    assert 1 == len(history.blocks(0))
