"""
What every `AuditLog` promises.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatekey.server.audit.model import AuditEntry, AuditQuery
from gatekey.server.audit.ports import AuditLog
from support.service import ADAPTERS, Stores

THEN = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
ENTRY = AuditEntry(THEN, "user somebody", "restored", "installation", "id", {"backup": "ü", "a": "1"})


@pytest.fixture(params=ADAPTERS)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    with request.param(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def log(stores: Stores) -> AuditLog:
    return stores.audit


def test_an_entry_comes_back_as_it_was_given(log: AuditLog) -> None:
    appended = log.append(ENTRY)
    assert appended.number is not None

    assert ENTRY == replace(appended, number=None)
    assert appended == log.find(appended.number)
    assert log.find(appended.number + 1) is None
    assert (appended,) == log.page(AuditQuery(limit=1))


def test_pages_are_newest_first_and_together_everything_once(log: AuditLog) -> None:
    before = len(log.page(AuditQuery()))
    appended = [log.append(replace(ENTRY, subject_id=str(number))) for number in range(7)]
    seen: list[AuditEntry] = []
    query = AuditQuery(limit=3)
    while found := log.page(query):
        seen += found
        query = replace(query, before=found[-1].number)

    assert appended[::-1] == seen[:7]
    assert before + 7 == len(seen)


def test_entries_are_found_by_actor_subject_and_time(log: AuditLog) -> None:
    mine = log.append(replace(ENTRY, actor="me@example.org", at=THEN + timedelta(hours=1)))
    theirs = log.append(replace(ENTRY, subject_id="other", at=THEN + timedelta(hours=2)))

    assert (mine,) == log.page(AuditQuery(actor="me@example.org"))
    assert (theirs,) == log.page(AuditQuery(subject_id="other"))
    assert (theirs, mine) == log.page(AuditQuery(since=THEN + timedelta(hours=1)))
    assert (theirs,) == log.page(AuditQuery(since=THEN + timedelta(hours=1, seconds=1)))
    assert () == log.page(AuditQuery(actor="me@example.org", subject_id="other"))


def test_every_change_leaves_an_entry_with_its_actor(stores: Stores) -> None:
    cluster = replace(stores.cluster, name="renamed")
    stores.clusters.rename(cluster, by="user somebody", at=THEN)
    [entry] = stores.audit.page(AuditQuery(subject_id=cluster.cluster_id, limit=1))

    assert ("user somebody", "renamed", "cluster") == (entry.actor, entry.action, entry.subject)
    assert {"name": "renamed", "before": stores.cluster.name} == entry.detail
