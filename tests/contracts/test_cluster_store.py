"""
What every `ClusterStore` promises, wherever it keeps clusters.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatekey.errors import StorageUnavailable
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope
from gatekey.server.clients.model import Client, StoredSecret
from gatekey.server.clusters.model import ApiUpstreams, Cluster, ClusterSecret, Refused, UpstreamTls
from gatekey.server.vault.sealing import Seal
from support.service import ADAPTERS, Stores

THEN = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.fixture(params=ADAPTERS)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    with request.param(tmp_path / "data") as opened:
        yield opened


def cluster_of(stores: Stores, name: str, number: int) -> Cluster:
    return replace(stores.cluster, cluster_id=f"cluster-{number}", name=name, created=THEN + timedelta(seconds=number))


def keep(stores: Stores, name: str, value: str, cluster_id: str = "") -> None:
    secret = ClusterSecret(name, SecretText(value))
    stores.clusters.set_secret(cluster_id or stores.cluster.cluster_id, secret, by="test", at=THEN)


def test_there_is_one_organisation(stores: Stores) -> None:
    assert stores.cluster.organisation_id == stores.clusters.first_organisation()


def test_clusters_come_back_as_they_were_given_oldest_first(stores: Stores) -> None:
    second, first = cluster_of(stores, "a", 2), cluster_of(stores, "b", 1)
    outcomes = [stores.clusters.add(second, by="test"), stores.clusters.add(first, by="test")]

    assert [None, None] == outcomes
    assert (stores.cluster, first, second) == stores.clusters.all()


def test_an_updated_cluster_has_its_new_upstreams_and_their_tls(stores: Stores) -> None:
    tls = UpstreamTls("/ca.pem", "zeebe.example.org", "/client.pem", "/client.key")
    changed = replace(
        stores.cluster, grpc_upstream="grpcs://zeebe:443", apis=ApiUpstreams(optimize="http://optimize"), tls=tls
    )
    outcome = stores.clusters.update(changed, by="test", at=THEN)
    gone = stores.clusters.update(cluster_of(stores, "gone", 1), by="test", at=THEN)

    assert (None, True) == (outcome, isinstance(gone, Refused))
    assert (changed,) == stores.clusters.all()


def test_a_name_is_taken_once(stores: Stores) -> None:
    refused = stores.clusters.add(cluster_of(stores, stores.cluster.name, 1), by="test")

    assert isinstance(refused, Refused)
    assert (stores.cluster,) == stores.clusters.all()


def test_of_many_who_want_one_name_at_once_one_gets_it(stores: Stores) -> None:
    wished = [cluster_of(stores, "wanted", number) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda cluster: stores.clusters.add(cluster, by="test"), wished))

    assert 1 == outcomes.count(None)
    assert len(stores.clusters.all()) == 2


@pytest.mark.parametrize("value", ["", "x", "ü\n\0'\"", "a" * 65_536])
def test_a_secret_comes_back_as_it_was_given(stores: Stores, value: str) -> None:
    keep(stores, "A", value)

    assert (ClusterSecret("A", SecretText(value)),) == stores.clusters.secrets(stores.cluster.cluster_id)


def test_secrets_are_replaced_and_listed_by_name(stores: Stores) -> None:
    for name, value in (("B", "1"), ("A", "2"), ("B", "3")):
        keep(stores, name, value)

    assert [("A", "2"), ("B", "3")] == [
        (secret.name, secret.value.reveal()) for secret in stores.clusters.secrets(stores.cluster.cluster_id)
    ]


def test_a_deleted_secret_is_gone(stores: Stores) -> None:
    keep(stores, "A", "1")
    there = stores.clusters.delete_secret(stores.cluster.cluster_id, "A", by="test", at=THEN)

    assert (True, False) == (
        there,
        stores.clusters.delete_secret(stores.cluster.cluster_id, "A", by="test", at=THEN),
    )
    assert () == stores.clusters.secrets(stores.cluster.cluster_id)


def test_each_cluster_has_its_own_secrets(stores: Stores) -> None:
    other = cluster_of(stores, "other", 1)
    stores.clusters.add(other, by="test")
    keep(stores, "A", "mine")
    keep(stores, "A", "theirs", other.cluster_id)

    assert [SecretText("mine")] == [s.value for s in stores.clusters.secrets(stores.cluster.cluster_id)]
    assert [SecretText("theirs")] == [s.value for s in stores.clusters.secrets(other.cluster_id)]
    assert () == stores.clusters.secrets("nowhere")


def test_nothing_sealed_lies_on_the_disk_in_clear(stores: Stores) -> None:
    keep(stores, "A", "a-made-up-value")
    keep(stores, "A", "another-made-up-value")
    stores.clusters.delete_secret(stores.cluster.cluster_id, "A", by="test", at=THEN)
    keep(stores, "B", "a-third-made-up-value")

    raw = stores.raw()

    assert b"cluster_secret" in raw
    assert [] == [word for word in (b"made-up-value", b"PRIVATE KEY", b"RSA PRIVATE") if word in raw]


def test_equal_values_do_not_look_equal(stores: Stores) -> None:
    """
    A fresh nonce for each: who reads the database does not learn which secrets are the same.
    """
    sealed = {stores.clusters.seal.close(b"the same", "place") for _ in range(100)}

    assert len(sealed) == 100


def test_under_another_master_key_nothing_is_returned(stores: Stores) -> None:
    keep(stores, "A", "a-made-up-value")
    other = replace(stores.clusters, seal=Seal(b"k" * 32))

    with pytest.raises(StorageUnavailable, match="another master key") as raised:
        other.secrets(stores.cluster.cluster_id)

    assert "made-up" not in str(raised.value)


def test_a_renamed_cluster_is_found_by_its_new_name_only(stores: Stores) -> None:
    renamed = replace(stores.cluster, name="Renamed")
    taken = cluster_of(stores, "taken", 1)
    stores.clusters.add(taken, by="test")
    refused = stores.clusters.rename(replace(stores.cluster, name="TAKEN"), by="test", at=THEN)

    assert isinstance(refused, Refused)
    assert "name" == refused.field
    assert stores.clusters.rename(renamed, by="test", at=THEN) is None
    assert renamed == stores.clusters.find("Renamed") == stores.clusters.find(renamed.cluster_id)
    assert stores.clusters.find(stores.cluster.name) is None


def test_the_case_of_its_own_name_may_change(stores: Stores) -> None:
    upper = replace(stores.cluster, name=stores.cluster.name.upper())

    assert stores.clusters.rename(upper, by="test", at=THEN) is None
    assert upper == stores.clusters.find(upper.name)


def test_a_cluster_with_clients_is_not_deleted(stores: Stores) -> None:
    client = Client(
        "id", stores.cluster.cluster_id, stores.cluster.organisation_id, "a", frozenset({Scope.ZEEBE}), THEN, "test"
    )
    stores.clients.add(client, StoredSecret("s", "id", bytes(32), THEN))
    refused = stores.clusters.delete(stores.cluster.cluster_id, by="test", at=THEN)
    count = stores.clients.delete_all(stores.cluster.cluster_id, by="test", at=THEN)

    assert isinstance(refused, Refused)
    assert 1 == count
    assert stores.clients.find("id") is None
    assert 0 == stores.clients.delete_all(stores.cluster.cluster_id, by="test", at=THEN)
    assert stores.clusters.delete(stores.cluster.cluster_id, by="test", at=THEN) is None


def test_a_deleted_cluster_is_gone_with_its_secrets_and_its_name_is_free(stores: Stores) -> None:
    keep(stores, "A", "1")
    stores.clusters.delete(stores.cluster.cluster_id, by="test", at=THEN)
    again = replace(cluster_of(stores, stores.cluster.name, 1), cluster_id="another")
    gone = stores.cluster

    assert () == stores.clusters.all()
    assert () == stores.clusters.secrets(gone.cluster_id)
    assert stores.clusters.find(gone.cluster_id) is None
    for refused in (
        stores.clusters.delete(gone.cluster_id, by="test", at=THEN),
        stores.clusters.rename(gone, by="test", at=THEN),
        stores.clusters.update(gone, by="test", at=THEN),
    ):
        assert isinstance(refused, Refused)
    assert stores.clusters.add(again, by="test") is None
    assert again == stores.clusters.find(gone.name)


def test_no_client_is_created_in_a_deleted_cluster(stores: Stores) -> None:
    stores.clusters.delete(stores.cluster.cluster_id, by="test", at=THEN)
    client = Client(
        "id", stores.cluster.cluster_id, stores.cluster.organisation_id, "a", frozenset({Scope.ZEEBE}), THEN, "test"
    )
    refused = stores.clients.add(client, StoredSecret("s", "id", bytes(32), THEN))

    assert refused is not None
    assert "cluster" == refused.field
