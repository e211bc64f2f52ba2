"""
What every `RevocationStore` and `SpentAssertions` promises.
"""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatekey.server.storage.stores.revocation_store import SqlRevocationStore, SqlSpentAssertions
from gatekey.server.tokens.assertions import LONGEST_LIFE, SKEW
from gatekey.server.tokens.ports import RevocationStore, SpentAssertions
from gatekey.server.tokens.revocation import Kind, Revocation
from support.credentials import START, Office, Worker, opened_office


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(tmp_path_factory.mktemp("office") / "data") as opened:
        yield opened


@pytest.fixture(params=["sqlite"])
def store(office: Office) -> RevocationStore:
    return SqlRevocationStore(office.installation.database)


@pytest.fixture(params=["sqlite"])
def spent(office: Office) -> SpentAssertions:
    return SqlSpentAssertions(office.installation.database)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_revocation_is_kept_as_it_is(store: RevocationStore, kind: Kind) -> None:
    revocation = Revocation(kind, "subject", int(START) + 1, START + 600.5)
    store.revoke(revocation, by="test", at=START)

    assert (revocation,) == store.all(START)


def test_it_is_forgotten_when_it_no_longer_matters(store: RevocationStore) -> None:
    store.revoke(Revocation(Kind.TOKEN, "subject", 1, START + 60), by="test", at=START)

    assert [1, 1, 0] == [len(store.all(at)) for at in (START, START + 59.9, START + 60)]


def test_the_list_does_not_grow_for_ever(store: RevocationStore) -> None:
    for number in range(20):
        at = START + 100 * number
        store.revoke(Revocation(Kind.TOKEN, f"token-{number}", 1, at + 150), by="test", at=at)

    assert 2 == len(store.all(0))


@pytest.mark.parametrize("first_is_later", [True, False])
def test_a_second_revocation_widens_the_first(store: RevocationStore, first_is_later: bool) -> None:  # noqa: FBT001 - a column of the table
    both = [
        Revocation(Kind.CLIENT, "client", int(START) + 9, START + 600),
        Revocation(Kind.CLIENT, "client", int(START) + 1, START + 900),
    ]
    for revocation in both if first_is_later else reversed(both):
        store.revoke(revocation, by="test", at=START)

    assert (Revocation(Kind.CLIENT, "client", int(START) + 9, START + 900),) == store.all(START)


def test_kinds_do_not_mix(store: RevocationStore) -> None:
    for kind in Kind:
        store.revoke(Revocation(kind, "same", 1, START + 60), by="test", at=START)

    assert len(Kind) == len(store.all(START))


def test_every_worker_knows_at_once(office: Office, store: RevocationStore) -> None:
    workers = [office.worker() for _ in range(2)]

    def knows(worker: Worker) -> bool:
        worker.directory.refresh()
        return worker.directory.is_revoked("jti")

    before = [knows(worker) for worker in workers]
    store.revoke(Revocation(Kind.TOKEN, "jti", 1, START + 60), by="test", at=START)
    after = [knows(worker) for worker in workers]

    assert ([False, False], [True, True]) == (before, after)


def test_an_assertion_is_spent_once(spent: SpentAssertions) -> None:
    assert [True, False, False] == [spent.spend("client", "a", START + 300) for _ in range(3)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)  # one store for all examples
@given(st.lists(st.tuples(st.text("ab\n:", max_size=3), st.text("ab\n:", max_size=3)), unique=True, min_size=2))
def test_what_is_not_the_same_is_not_taken_for_it(spent: SpentAssertions, pairs: list[tuple[str, str]]) -> None:
    """
    Client ids have no line break, ours as little as anybody's, and that is what keeps the two parts apart.
    """
    named = {(client.replace("\n", ""), token_id) for client, token_id in pairs}
    first = {pair: spent.spend(*pair, START + 300) for pair in named}
    again = {pair: spent.spend(*pair, START + 300) for pair in named}

    assert not any(again.values())
    assert first.keys() == again.keys()


def test_two_clients_may_use_one_id(spent: SpentAssertions) -> None:
    assert [True, True] == [spent.spend(client, "a", START + 300) for client in ("first", "second")]


def test_it_is_remembered_until_it_has_expired_whatever_others_do(spent: SpentAssertions) -> None:
    """
    The longest-lived assertion of somebody else must not make ours forgotten, and so good again.
    """
    spent.spend("client", "a", START + SKEW)
    spent.spend("other", "b", START + SKEW + LONGEST_LIFE + SKEW)

    assert not spent.spend("client", "a", START + SKEW)


def test_old_ones_are_forgotten(office: Office, spent: SpentAssertions) -> None:
    for number in range(50):
        spent.spend("client", str(number), START + 600 * number)
    with office.installation.database.reading() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM spent_assertion").scalar_one()

    assert left <= 7


def test_of_many_at_once_one_wins(spent: SpentAssertions) -> None:
    barrier, won = threading.Barrier(8), []

    def spend() -> None:
        barrier.wait(30)
        won.append(spent.spend("client", "a", START + 300))

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == sum(won)
