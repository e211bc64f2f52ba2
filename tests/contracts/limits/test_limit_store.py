"""
What every `LimitStore` promises: rules and orders are kept together with who gave them, and every change shows.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gatekey.server.limits.orders import KeptRule
from gatekey.server.limits.ports import LimitStore
from gatekey.server.limits.rules import Rule, Subject
from gatekey.server.run.installation import Installation
from gatekey.server.storage.stores.limit_store import SqlLimitStore
from support.service import installed

NOW = 1_900_000_000.0
NETWORK = Rule(Subject.ADDRESS, "192.0.2.0/24", 5.0, 50, NOW + 3_600, "the build farm")
CLIENT = Rule(Subject.CLIENT, "a" * 32)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path / "data") as opened:
        yield opened


@pytest.fixture(params=["sqlite"])
def store(installation: Installation) -> LimitStore:
    return SqlLimitStore(installation.database)


def audit(installation: Installation) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(installation.folder.database_path)) as connection:
        rows = connection.execute("SELECT actor, action, subject, subject_id, detail FROM audit ORDER BY entry")
        return [(*row[:4], json.loads(row[4])) for row in rows][-1:]


def test_rules_come_back_as_they_were_given(store: LimitStore) -> None:
    kept = [KeptRule(NETWORK, NOW, "somebody"), KeptRule(CLIENT, NOW + 1, "somebody else")]
    for each in reversed(kept):
        store.set_rule(each)

    assert tuple(kept) == store.rules()


def test_a_rule_takes_the_place_of_the_one_about_the_same(store: LimitStore) -> None:
    store.set_rule(KeptRule(NETWORK, NOW, "somebody"))
    again = KeptRule(Rule(Subject.ADDRESS, NETWORK.name), NOW + 5, "somebody else")
    store.set_rule(again)

    assert (again,) == store.rules()


def test_rules_that_have_ended_are_forgotten_with_the_next_one(store: LimitStore) -> None:
    store.set_rule(KeptRule(NETWORK, NOW, "somebody"))
    store.set_rule(KeptRule(CLIENT, NOW + 3_600, "somebody"))

    assert [CLIENT] == [kept.rule for kept in store.rules()]


def test_a_removed_rule_is_gone_and_there_is_nothing_to_remove_twice(store: LimitStore) -> None:
    store.set_rule(KeptRule(NETWORK, NOW, "somebody"))

    assert store.remove_rule(Subject.ADDRESS, NETWORK.name, by="b", at=NOW)
    assert not store.remove_rule(Subject.ADDRESS, NETWORK.name, by="b", at=NOW)
    assert () == store.rules()


def test_every_change_shows_in_the_revision(store: LimitStore) -> None:
    seen = [store.revision()]
    store.set_rule(KeptRule(NETWORK, NOW, "somebody"))
    seen.append(store.revision())
    store.order_unblock("192.0.2.1", reason="", by="b", at=NOW)
    seen.append(store.revision())
    store.remove_rule(Subject.ADDRESS, NETWORK.name, by="b", at=NOW)
    seen.append(store.revision())
    store.remove_rule(Subject.ADDRESS, NETWORK.name, by="b", at=NOW)

    assert sorted(set(seen)) == seen
    assert seen[-1] == store.revision()


def test_orders_are_given_once_to_each_and_marked_when_done(store: LimitStore) -> None:
    assert (0, ()) == (store.last_order(), store.orders(None))

    for address in ("192.0.2.1", "192.0.2.2"):
        store.order_unblock(address, reason="r", by="b", at=NOW)
    first, second = store.orders(None)
    store.note_done(first, at=NOW)

    assert ("192.0.2.1", "192.0.2.2") == (first.address, second.address)
    assert (second,) == store.orders(None) == store.orders(first.number)
    assert () == store.orders(second.number)
    assert second.number == store.last_order()


def test_everything_is_audited_with_who_and_why(installation: Installation, store: LimitStore) -> None:
    store.set_rule(KeptRule(NETWORK, NOW, "somebody"))
    allowed = audit(installation)
    store.order_unblock("192.0.2.1", reason="it was our own test", by="ada@example.org", at=NOW)
    unblocked = audit(installation)
    store.remove_rule(Subject.ADDRESS, NETWORK.name, by="b", at=NOW)

    rate = {"rate": "5/s, burst 50", "ends": "2030-03-17T18:46:40+00:00", "note": "the build farm"}

    assert [("somebody", "allowed", "address", "192.0.2.0/24", rate)] == allowed
    assert [("ada@example.org", "unblocked", "address", "192.0.2.1", {"reason": "it was our own test"})] == unblocked
    assert [("b", "disallowed", "address", "192.0.2.0/24", {})] == audit(installation)
