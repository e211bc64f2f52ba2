"""
What every `ClientStore` promises, wherever it keeps clients.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatekey.oauth.vocabulary import Scope
from gatekey.server.clients.model import Change, Client, ClientQuery, ListedClient, Refused, StoredSecret
from support.service import ADAPTERS, Stores

THEN = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.fixture(params=ADAPTERS)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    with request.param(tmp_path / "data") as opened:
        yield opened


def client_of(stores: Stores, name: str = "a-client", number: int = 1) -> Client:
    return Client(
        client_id=f"client-id-{number}",
        cluster_id=stores.cluster.cluster_id,
        organisation_id=stores.cluster.organisation_id,
        name=name,
        scopes=frozenset({Scope.ZEEBE, Scope.SECRETS}),
        created=THEN + timedelta(seconds=number),
        created_by="somebody",
    )


def secret_of(client: Client) -> StoredSecret:
    return StoredSecret(f"secret-of-{client.client_id}", client.client_id, b"\x00\xff" * 16, client.created)


def add(stores: Stores, name: str = "a-client", number: int = 1) -> Client:
    client = client_of(stores, name, number)
    assert stores.clients.add(client, secret_of(client)) is None
    return client


def test_a_client_comes_back_as_it_was_given(stores: Stores) -> None:
    client = add(stores)

    assert ListedClient(client, secret_presented=False) == stores.clients.find(client.client_id)
    assert (ListedClient(client, secret_presented=False),) == stores.clients.page(ClientQuery(client.cluster_id))


def test_clients_are_listed_oldest_first(stores: Stores) -> None:
    third, first, second = add(stores, "a", 3), add(stores, "c", 1), add(stores, "b", 2)

    assert [first, second, third] == [listed.client for listed in stores.clients.page(ClientQuery(first.cluster_id))]


def test_nobody_finds_what_never_was(stores: Stores) -> None:
    add(stores)

    assert stores.clients.find("client-id") is None
    assert stores.clients.find("%") is None
    assert stores.clients.find("") is None
    assert () == stores.clients.page(ClientQuery("nowhere"))


def test_a_name_is_taken_once_in_a_cluster(stores: Stores) -> None:
    add(stores)
    client = client_of(stores, number=2)

    refused = stores.clients.add(client, secret_of(client))

    assert isinstance(refused, Refused)
    assert "Client names must be unique" in refused.public
    assert stores.clients.find(client.client_id) is None
    assert len(stores.clients.page(ClientQuery(client.cluster_id))) == 1


def test_another_cluster_may_have_the_same_name(stores: Stores) -> None:
    other = replace(stores.cluster, cluster_id="another-cluster", name="another")
    stores.clusters.add(other, by="test")
    first = add(stores)
    client = replace(client_of(stores, number=2), cluster_id=other.cluster_id)

    assert stores.clients.add(client, secret_of(client)) is None
    assert [first] == [listed.client for listed in stores.clients.page(ClientQuery(first.cluster_id))]
    assert [client] == [listed.client for listed in stores.clients.page(ClientQuery(other.cluster_id))]


def test_a_client_of_no_cluster_is_refused(stores: Stores) -> None:
    client = replace(client_of(stores), cluster_id="nowhere")

    assert isinstance(stores.clients.add(client, secret_of(client)), Refused)
    assert stores.clients.find(client.client_id) is None


def test_a_deleted_client_is_gone_and_its_name_free(stores: Stores) -> None:
    client = add(stores)
    deleted = stores.clients.delete(client.client_id, by="test", at=THEN)
    again = add(stores, number=2)

    assert deleted
    assert stores.clients.find(client.client_id) is None
    assert [again] == [listed.client for listed in stores.clients.page(ClientQuery(client.cluster_id))]


def test_deleting_twice_or_nothing_is_false(stores: Stores) -> None:
    client = add(stores)
    stores.clients.delete(client.client_id, by="test", at=THEN)

    assert not stores.clients.delete(client.client_id, by="test", at=THEN)
    assert not stores.clients.delete("never was", by="test", at=THEN)


def test_the_id_of_a_deleted_client_is_never_given_again(stores: Stores) -> None:
    """
    Its tokens may still be alive.
    """
    client = add(stores)
    stores.clients.delete(client.client_id, by="test", at=THEN)

    assert isinstance(stores.clients.add(client, replace(secret_of(client), secret_id="another")), Refused)
    assert stores.clients.find(client.client_id) is None


def test_presenting_one_secret_presents_no_other(stores: Stores) -> None:
    one, two = add(stores, "one", 1), add(stores, "two", 2)
    stores.secrets.mark_presented(secret_of(one).secret_id, THEN)
    stores.secrets.mark_presented(secret_of(one).secret_id, THEN)
    stores.secrets.mark_presented("unknown", THEN)

    assert [(one, True), (two, False)] == [
        (listed.client, listed.secret_presented) for listed in stores.clients.page(ClientQuery(one.cluster_id))
    ]


def test_of_many_who_want_one_name_at_once_one_gets_it(stores: Stores) -> None:
    wished = [client_of(stores, "wanted", number) for number in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda client: stores.clients.add(client, secret_of(client)), wished))

    assert 1 == outcomes.count(None)
    assert 7 == sum(isinstance(outcome, Refused) for outcome in outcomes)
    assert len(stores.clients.page(ClientQuery(stores.cluster.cluster_id))) == 1


def test_many_at_once_lose_nothing(stores: Stores) -> None:
    wished = [client_of(stores, f"client-{number}", number) for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda client: stores.clients.add(client, secret_of(client)), wished))

    assert {None} == set(outcomes)
    assert wished == [listed.client for listed in stores.clients.page(ClientQuery(stores.cluster.cluster_id))]


def test_of_many_who_delete_at_once_one_did_it(stores: Stores) -> None:
    client = add(stores)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: stores.clients.delete(client.client_id, by="test", at=THEN), range(8)))

    assert 1 == done.count(True)


def test_text_is_data_and_never_a_statement(stores: Stores) -> None:
    client = add(stores, "x'); DROP TABLE client; --")

    assert stores.clients.find("' OR '1'='1") is None
    assert not stores.clients.delete("' OR '1'='1", by="'", at=THEN)
    assert ListedClient(client, secret_presented=False) == stores.clients.find(client.client_id)


def losing(*lost: Scope) -> Callable[[Client], Change]:
    return lambda client: Change(replace(client, scopes=client.scopes - set(lost), lifetime=600), frozenset(lost))


def test_a_changed_client_is_as_planned(stores: Stores) -> None:
    client, other = add(stores), add(stores, "other", 2)

    change = stores.clients.change(client.client_id, losing(Scope.SECRETS), by="somebody", at=THEN)
    assert isinstance(change, Change)

    assert replace(client, scopes=frozenset({Scope.ZEEBE}), lifetime=600) == change.client
    assert ListedClient(change.client, secret_presented=False) == stores.clients.find(client.client_id)
    assert ListedClient(other, secret_presented=False) == stores.clients.find(other.client_id)


def test_what_is_refused_changes_nothing(stores: Stores) -> None:
    client = add(stores)
    refused = Refused("no", "because")

    assert refused == stores.clients.change(client.client_id, lambda _: refused, by="somebody", at=THEN)
    assert ListedClient(client, secret_presented=False) == stores.clients.find(client.client_id)


def test_who_is_gone_cannot_be_changed(stores: Stores) -> None:
    client = add(stores)
    stores.clients.delete(client.client_id, by="somebody", at=THEN)

    assert stores.clients.change(client.client_id, losing(), by="somebody", at=THEN) is None
    assert stores.clients.change("nobody", losing(), by="somebody", at=THEN) is None


def test_pages_together_are_the_whole_list_once(stores: Stores) -> None:
    everybody = [add(stores, f"client-{number}", number) for number in range(1, 8)]
    stores.clients.delete(everybody[2].client_id, by="test", at=THEN)
    seen: list[Client] = []
    sizes = []
    query = ClientQuery(stores.cluster.cluster_id, limit=3)
    while found := stores.clients.page(query):
        seen += [listed.client for listed in found]
        sizes.append(len(found))
        query = replace(query, after=found[-1].client.client_id)

    assert [3, 3] == sizes
    assert [*everybody[:2], *everybody[3:]] == seen


def test_a_page_goes_on_after_a_client_that_was_deleted_meanwhile(stores: Stores) -> None:
    first, second = add(stores, "first", 1), add(stores, "second", 2)
    stores.clients.delete(first.client_id, by="test", at=THEN)
    query = ClientQuery(stores.cluster.cluster_id, after=first.client_id)

    assert [second] == [listed.client for listed in stores.clients.page(query)]
    assert () == stores.clients.page(replace(query, after="nobody"))


def test_a_text_finds_parts_of_names_in_any_case_and_whole_ids(stores: Stores) -> None:
    first, second = add(stores, "Payment-Worker", 1), add(stores, "invoice-worker", 2)
    add(stores, "other_100%", 3)

    def found(text: str) -> list[str]:
        query = ClientQuery(stores.cluster.cluster_id, text)
        names = [listed.client.name for listed in stores.clients.page(query)]
        assert len(names) == stores.clients.count(stores.cluster.cluster_id, text)
        return names

    assert [first.name, second.name] == found("WORKER")
    assert [second.name] == found("voice")
    assert [first.name] == found(first.client_id)
    assert [] == found(first.client_id[:-1])
    assert ["other_100%"] == found("0%") == found("_1")
    assert 3 == len(found(""))


def test_names_that_differ_in_case_only_do_not_live_side_by_side(stores: Stores) -> None:
    add(stores, "Worker", 1)
    refused = stores.clients.add(client_of(stores, "worker", 2), secret_of(client_of(stores, "worker", 2)))

    assert isinstance(refused, Refused)
    assert ("name", True) == (refused.field, "'Worker'" in refused.public)
    assert 1 == stores.clients.count(stores.cluster.cluster_id)


def test_a_name_is_found_in_all_clusters_and_any_case(stores: Stores) -> None:
    other = replace(stores.cluster, cluster_id="other", name="other")
    stores.clusters.add(other, by="test")
    first = add(stores, "worker", 1)
    second = replace(client_of(stores, "Worker", 2), cluster_id="other")
    stores.clients.add(second, secret_of(second))
    gone = add(stores, "gone", 3)
    stores.clients.delete(gone.client_id, by="test", at=THEN)

    assert [first, second] == [listed.client for listed in stores.clients.called("WORKER")]
    assert () == stores.clients.called("gone") == stores.clients.called("work")
