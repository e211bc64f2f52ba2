"""
What every store of keys promises: signing keys sealed and changed one at a time, clients' public keys by client.
"""

import threading
from collections.abc import Iterator

import pytest

from gatekey.server.clients.model import ClientKey, Refused
from gatekey.server.clients.ports import KeyStore
from gatekey.server.signing_keys.keys import Algorithm
from gatekey.server.signing_keys.rotation import (
    Kept,
    KeyLife,
    Retirement,
    Rotation,
    RotationPolicy,
    due,
    rotate,
    withdraw,
)
from gatekey.server.storage.sql.times import to_time
from gatekey.server.storage.stores.key_store import Retired
from support.credentials import START, Office, Worker, a_key, jwk_of, opened_office

NOW = to_time(START)
POLICY = RotationPolicy(Algorithm.ES256, lifetime=600, sign_for=10**9, lead=60)


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(tmp_path_factory.mktemp("office") / "data", token_algorithm="ES256") as opened:
        yield opened


def signing_key(worker: Worker) -> str:
    worker.directory.refresh()
    return worker.directory.signing_key().key_id


def test_a_new_key_is_known_to_every_worker_and_signs_in_its_time(office: Office) -> None:
    worker, keys = office.worker(), office.installation.keys
    before = signing_key(worker)
    made = keys.rotate(lambda lives: rotate(lives, POLICY, START), by="test", at=NOW)
    assert made
    published = [key.key_id for key in worker.directory.published_keys()]
    signing = []
    for office.clock.seconds in (START + 59, START + 60):
        signing.append(signing_key(worker))

    assert [before, made.key_id] == published
    assert [before, made.key_id] == signing


def test_lives_are_kept_to_the_fraction_of_a_second(office: Office) -> None:
    keys = office.installation.keys
    made = keys.rotate(lambda _: Rotation(Algorithm.EDDSA, START + 0.25, ()), by="test", at=to_time(START + 0.125))

    assert made == keys.lives()[-1]
    assert made
    assert (Algorithm.EDDSA, START + 0.125, START + 0.25, None) == (
        made.algorithm,
        made.created,
        made.signs_from,
        made.retires,
    )


def test_a_plan_of_nothing_does_nothing(office: Office) -> None:
    revision = office.worker().directory.refresh()

    assert office.installation.keys.rotate(lambda _: None, by="test", at=NOW) is None
    assert revision == office.worker().directory.refresh()


def test_of_many_workers_that_find_a_rotation_due_one_rotates(office: Office) -> None:
    policy = RotationPolicy(Algorithm.RS256, lifetime=600, sign_for=10**9, lead=60)
    made: list[KeyLife | None] = []
    barrier = threading.Barrier(4)

    def tend() -> None:
        barrier.wait(30)
        keys = office.installation.keys
        made.append(keys.rotate(lambda lives: due(lives, policy, START), by="test", at=NOW))

    threads = [threading.Thread(target=tend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == sum(life is not None for life in made)
    assert 2 == len(office.installation.keys.lives())


def test_a_withdrawn_key_and_its_successor_change_hands_at_once(office: Office) -> None:
    worker, keys = office.worker(), office.installation.keys
    compromised = signing_key(worker)
    outcome = keys.retire(lambda lives: withdraw(lives, compromised, POLICY, START), action="withdrew", by="t", at=NOW)

    assert isinstance(outcome, Retired)
    assert outcome.successor
    assert [outcome.successor.key_id] == [key.key_id for key in worker.directory.published_keys()]
    assert outcome.successor.key_id == signing_key(worker)


def test_a_key_that_is_kept_stays_as_it_is(office: Office) -> None:
    keys = office.installation.keys
    before = keys.lives()

    assert Kept("no") == keys.retire(lambda _: Kept("no"), action="retired", by="test", at=NOW)
    assert before == keys.lives()


def test_retired_keys_stay_listed(office: Office) -> None:
    keys = office.installation.keys
    [life] = keys.lives()
    over = KeyLife(life.key_id, life.algorithm, life.created, life.signs_from, START)
    keys.retire(lambda _: Retirement(over), action="retired", by="test", at=NOW)

    assert (over,) == keys.lives()


def test_private_keys_are_not_readable_on_the_disk(office: Office) -> None:
    office.installation.keys.rotate(lambda lives: rotate(lives, POLICY, START), by="test", at=NOW)
    stored = b"".join(path.read_bytes() for path in office.installation.folder.path.glob("gatekey.db*"))

    assert b"PRIVATE KEY" not in stored
    assert b"signing key" in stored  # it is the right file: the audit has the words


@pytest.fixture(params=["sqlite"])
def client_keys(office: Office) -> KeyStore:
    return office.installation.client_keys.store


def key_of(client_id: str, kid: str) -> ClientKey:
    return ClientKey(kid, client_id, f'{{"kty": "{jwk_of(a_key("ES256"))["kty"]}"}}', NOW)


def test_client_keys_come_all_or_none(office: Office, client_keys: KeyStore) -> None:
    client_id = office.create().client.client_id
    first = (key_of(client_id, "a"),)
    outcomes = [
        client_keys.add_keys(first, by="test"),
        client_keys.add_keys((key_of(client_id, "b"), key_of(client_id, "a")), by="test"),
    ]

    assert outcomes[0] is None
    assert isinstance(outcomes[1], Refused)
    assert first == client_keys.keys_of(client_id)


def test_two_clients_may_use_one_kid(office: Office, client_keys: KeyStore) -> None:
    clients = [office.create().client.client_id for _ in range(2)]

    assert [None, None] == [client_keys.add_keys((key_of(each, "k1"),), by="test") for each in clients]
    assert client_keys.remove_key(clients[0], "k1", by="test", at=NOW)
    assert [0, 1] == [len(client_keys.keys_of(each)) for each in clients]


def test_a_deleted_client_has_no_keys(office: Office, client_keys: KeyStore) -> None:
    client_id = office.create().client.client_id
    client_keys.add_keys((key_of(client_id, "k1"),), by="test")
    office.installation.clients.delete(client_id, by="test")

    assert () == client_keys.keys_of(client_id)
    assert isinstance(client_keys.add_keys((key_of(client_id, "k2"),), by="test"), Refused)
