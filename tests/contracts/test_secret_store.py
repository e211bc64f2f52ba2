"""
What every `SecretStore` promises: one transaction a change, together with its audit entry.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gatekey.errors import StorageUnavailable
from gatekey.server.clients.model import Refused, SecretRotation, SecretUse, StoredSecret
from gatekey.server.clients.ports import SecretStore, StoredSecrets
from gatekey.server.storage.sql.times import to_time
from gatekey.server.storage.stores.secret_store import SqlSecretStore
from support.credentials import START, Office, opened_office

NOW = to_time(START)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(tmp_path_factory.mktemp("office") / "data") as opened:
        yield opened


@pytest.fixture(params=["sqlite"])
def store(office: Office) -> SecretStore:
    return SqlSecretStore(office.installation.database, DAY)


def secret(client_id: str, name: str) -> StoredSecret:
    return StoredSecret(name, client_id, name.encode(), NOW, label=f"label of {name}", ends=NOW + 9 * DAY)


def rows(office: Office, query: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(office.installation.folder.database_path)) as connection:
        return connection.execute(query, values).fetchall()


def audit(office: Office, subject_id: str) -> list[tuple[str, str]]:
    return rows(
        office, "SELECT action, subject FROM audit WHERE subject_id = ? AND subject LIKE 'client s%'", subject_id
    )


def test_a_rotation_adds_ends_and_keeps_everything(office: Office, store: SecretStore) -> None:
    created = office.create()
    client_id = created.client.client_id
    new = secret(client_id, "added00001")
    seen: list[StoredSecrets] = []

    def plan(known: StoredSecrets) -> SecretRotation:
        seen.append(known)
        return SecretRotation(new, known, NOW + DAY, revoke=False)

    outcome = store.rotate_secret(client_id, plan, by="somebody")
    listed = {each.secret.secret_id: each.secret for each in store.secrets_of(client_id)}

    assert isinstance(outcome, SecretRotation)
    assert [[created.secret_id]] == [[each.secret_id for each in known] for known in seen]
    assert new == listed["added00001"]
    assert NOW + DAY == listed[created.secret_id].ends
    assert [("rotated", "client secret")] == audit(office, client_id)


def test_a_refused_plan_changes_nothing(office: Office, store: SecretStore) -> None:
    created = office.create()
    before = store.secrets_of(created.client.client_id)
    outcome = store.rotate_secret(created.client.client_id, lambda _: Refused("no", "no"), by="somebody")

    assert Refused("no", "no") == outcome
    assert before == store.secrets_of(created.client.client_id)
    assert [] == audit(office, created.client.client_id)


def test_a_plan_that_breaks_changes_nothing(office: Office, store: SecretStore) -> None:
    created = office.create()
    taken = secret(created.client.client_id, created.secret_id)  # an id that is there already

    with pytest.raises(StorageUnavailable):
        store.rotate_secret(
            created.client.client_id,
            lambda known: SecretRotation(taken, known, NOW, revoke=True),
            by="somebody",
        )

    assert [None] == [each.secret.ends for each in store.secrets_of(created.client.client_id)]


@pytest.mark.parametrize("deleted", [True, False])
def test_nothing_is_done_for_a_client_that_is_gone(office: Office, store: SecretStore, deleted: bool) -> None:  # noqa: FBT001 - a column of the table
    created = office.create()
    client_id = created.client.client_id if deleted else "unknown"
    office.installation.clients.delete(created.client.client_id, by="test")

    def never(_known: StoredSecrets) -> Any:
        raise AssertionError("asked for a plan")

    assert isinstance(store.rotate_secret(client_id, never, by="somebody"), Refused)
    assert isinstance(store.end_secret(client_id, created.secret_id, never, at=NOW, by="somebody"), Refused)
    assert () == store.secrets_of(client_id)
    assert store.live_secret(created.secret_id, NOW) is None


def test_ending_revokes_and_is_audited(office: Office, store: SecretStore) -> None:
    created = office.create()
    refused = store.end_secret(created.client.client_id, created.secret_id, lambda _: None, at=NOW, by="somebody")
    [listed] = store.secrets_of(created.client.client_id)

    assert refused is None
    assert NOW == listed.secret.ends
    assert [("credential", int(START) + 1, START + 86_400)] == rows(
        office, "SELECT kind, before, until FROM revocation WHERE subject = ?", created.secret_id
    )
    assert [("ended", "client secret")] == audit(office, created.secret_id)


def test_a_refused_end_changes_nothing(office: Office, store: SecretStore) -> None:
    created = office.create()
    store.end_secret(created.client.client_id, created.secret_id, lambda _: Refused("no", "no"), at=NOW, by="somebody")

    assert store.live_secret(created.secret_id, NOW)
    assert [] == rows(office, "SELECT * FROM revocation WHERE subject = ?", created.secret_id)


def test_a_leak_ends_the_secret_whoever_it_belongs_to(office: Office, store: SecretStore) -> None:
    created = office.create()
    store.end_leaked(created.secret_id, at=NOW, by="leak report")

    assert store.live_secret(created.secret_id, NOW) is None
    assert [("ended as leaked", "client secret")] == audit(office, created.secret_id)


def test_a_secret_lives_up_to_its_end(office: Office, store: SecretStore) -> None:
    client_id = office.create().client.client_id
    new = secret(client_id, "ending0001")
    store.rotate_secret(client_id, lambda _: SecretRotation(new, (), NOW, revoke=False), by="somebody")
    last = NOW + 9 * DAY - timedelta(milliseconds=1)

    assert [True, False] == [store.live_secret("ending0001", at) is not None for at in (last, NOW + 9 * DAY)]


def test_being_shown_is_noted(office: Office, store: SecretStore) -> None:
    created = office.create()
    store.mark_presented(created.secret_id, NOW)

    assert [NOW] == [each.secret.presented for each in store.secrets_of(created.client.client_id)]


def test_last_uses_are_kept_in_one_go_and_unknown_ones_dropped(office: Office) -> None:
    store = SqlSecretStore(office.installation.database, DAY)
    first, second = office.create(), office.create()
    uses = [SecretUse(datetime(2030, 5, day, tzinfo=UTC), f"192.0.2.{day}", "zbctl/8") for day in (1, 2)]
    store.note_uses({first.secret_id: uses[0], "unknown": uses[0], f"{first.client.client_id}:k1": uses[0]})
    store.note_uses({first.secret_id: uses[1], second.secret_id: uses[0]})
    store.note_uses({"unknown": uses[0]})
    store.note_uses({})
    found = [store.secrets_of(each.client.client_id)[0].use for each in (first, second)]

    assert [uses[1], uses[0]] == found


def test_changes_are_announced_to_every_worker(office: Office, store: SecretStore) -> None:
    created, worker = office.create(), office.worker()
    revisions = [worker.directory.refresh()]
    store.mark_presented(created.secret_id, NOW)
    revisions.append(worker.directory.refresh())
    store.end_leaked(created.secret_id, at=NOW, by="test")
    revisions.append(worker.directory.refresh())

    assert revisions[0] == revisions[1] < revisions[2]
