"""
Over the real store.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekey.oauth.secret_text import SecretText
from gatekey.server.clusters.administration import ClusterAdministration
from gatekey.server.clusters.model import Cluster, ClusterSecret, Refused
from gatekey.server.run.gateway.translating import guarded_cluster
from gatekey.server.run.gateway.view import gateway_view
from gatekey.server.run.installation import Installation
from support.service import installed


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def clusters(installation: Installation) -> ClusterAdministration:
    return installation.clusters


def create(clusters: ClusterAdministration, name: str = "second") -> Cluster:
    cluster = clusters.create(name, "bru-2", "zeebe:26500", "http://zeebe:8080", by="test")
    assert isinstance(cluster, Cluster)
    return cluster


def test_a_new_installation_has_one_organisation_and_one_cluster(clusters: ClusterAdministration) -> None:
    (first,) = clusters.all()

    assert ("local", "local", "localhost:26500") == (first.name, first.region, first.grpc_upstream)
    assert clusters.store.first_organisation() == first.organisation_id
    assert str(uuid.UUID(first.cluster_id)) == first.cluster_id


def test_a_created_cluster_is_listed_last_and_found_by_name_and_id(clusters: ClusterAdministration) -> None:
    created = create(clusters)

    assert clusters.all()[-1] == created
    assert created == clusters.find("second") == clusters.find(created.cluster_id)
    assert str(uuid.UUID(created.cluster_id)) == created.cluster_id


@pytest.mark.parametrize("wanted", ["", "Second", "secon", "%", "nobody"])
def test_only_the_exact_name_finds_a_cluster(clusters: ClusterAdministration, wanted: str) -> None:
    create(clusters)

    assert clusters.find(wanted) is None


@pytest.mark.parametrize(("name", "region"), [("local", "local"), ("", "local"), ("new", "Not A Label")])
def test_a_refused_cluster_leaves_nothing_behind(clusters: ClusterAdministration, name: str, region: str) -> None:
    outcome = clusters.create(name, region, "zeebe:26500", "http://zeebe:8080", by="test")

    assert isinstance(outcome, Refused)
    assert len(clusters.all()) == 1


@pytest.mark.parametrize(
    ("grpc", "rest"),
    [
        ("", "http://zeebe:8080"),
        ("zeebe", "http://zeebe:8080"),
        ("zeebe:notaport", "http://zeebe:8080"),
        ("zeebe:99999", "http://zeebe:8080"),
        ("user@zeebe:26500", "http://zeebe:8080"),
        ("zeebe:26500", ""),
        ("zeebe:26500", "http://"),
        ("zeebe:26500", "ftp://zeebe:8080"),
        ("zeebe:26500", "http://zeebe:8080?x=1"),
        ("ze ebe:26500", "http://zeebe:8080"),
        ("zeebe:26500", "http://[zeebe:8080"),
    ],
)
def test_an_upstream_that_the_gateway_could_not_call_is_refused(
    clusters: ClusterAdministration, grpc: str, rest: str
) -> None:
    """
    Once stored it would keep the gateway from taking any change, and the service from starting.
    """
    assert isinstance(clusters.create("new", "local", grpc, rest, by="test"), Refused)


def test_the_gateway_can_be_told_of_every_cluster_that_was_accepted(installation: Installation) -> None:
    for number, grpc in enumerate(["zeebe:26500", "10.0.0.1:1", "[::1]:26500", "grpcs://zeebe.example.org:443"]):
        installation.clusters.create(f"cluster-{number}", "local", grpc, "https://zeebe.example.org/base", by="test")

    view = gateway_view(installation, map(guarded_cluster, installation.clusters.all()), '{"keys":[]}')

    assert [c.cluster_id for c in installation.clusters.all()] == [c.cluster_id for c in view.clusters]


def test_secrets_are_kept_replaced_and_deleted(clusters: ClusterAdministration) -> None:
    cluster = clusters.all()[0]
    for name, value in (("B", "two"), ("A", "one"), ("B", "new")):
        assert clusters.set_secret(cluster, name, value, by="test") is None
    kept = clusters.secrets(cluster)

    assert (ClusterSecret("A", SecretText("one")), ClusterSecret("B", SecretText("new"))) == kept
    assert clusters.delete_secret(cluster, "A", by="test")
    assert not clusters.delete_secret(cluster, "A", by="test")
    assert ["B"] == [secret.name for secret in clusters.secrets(cluster)]


def test_a_refused_secret_is_not_kept(clusters: ClusterAdministration) -> None:
    cluster = clusters.all()[0]

    assert isinstance(clusters.set_secret(cluster, "{{A}}", "one", by="test"), Refused)
    assert isinstance(clusters.set_secret(cluster, "A", "a" * 65_537, by="test"), Refused)
    assert () == clusters.secrets(cluster)


def test_clusters_do_not_see_each_others_secrets(clusters: ClusterAdministration) -> None:
    second = create(clusters)
    clusters.set_secret(clusters.all()[0], "A", "one", by="test")

    assert () == clusters.secrets(second)
    assert not clusters.delete_secret(second, "A", by="test")


def test_no_printing_of_a_secret_shows_its_value(clusters: ClusterAdministration) -> None:
    cluster = clusters.all()[0]
    clusters.set_secret(cluster, "A", "a-made-up-value", by="test")

    assert "a-made-up-value" not in f"{clusters.secrets(cluster)} {clusters.secrets(cluster)!r}"
