"""
Over the real store.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatekey.oauth.identifiers import CLIENT_ID_LENGTH, SecretShape, read_secret
from gatekey.oauth.vocabulary import Scope
from gatekey.server.clients.administration import NewClient
from gatekey.server.clients.digest import digest_secret
from gatekey.server.clients.model import Created, ListedClient, Refused
from gatekey.server.run.compose import open_directory
from gatekey.server.run.installation import Installation
from gatekey.server.tokens.model import KnownSecret
from support.service import add_client, installed

THEN = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path / "data") as opened:
        yield replace(opened, clients=replace(opened.clients, now=lambda: THEN))


def new_client(installation: Installation, name: str = "a-client", scopes: tuple[str, ...] = ("zeebe",)) -> NewClient:
    cluster = installation.clusters.all()[0]
    return NewClient(name, scopes, cluster.cluster_id, cluster.organisation_id, "somebody")


def test_a_created_client_is_what_was_asked_for(installation: Installation) -> None:
    cluster = installation.clusters.all()[0]

    created = installation.clients.create(new_client(installation, scopes=("secrets", "Zeebe")))
    assert isinstance(created, Created)

    client = created.client
    assert ("a-client", frozenset({Scope.ZEEBE, Scope.SECRETS})) == (client.name, client.scopes)
    assert (cluster.cluster_id, cluster.organisation_id) == (client.cluster_id, client.organisation_id)
    assert (THEN, "somebody") == (client.created, client.created_by)
    assert len(client.client_id) == CLIENT_ID_LENGTH
    assert read_secret(created.secret.reveal()) == SecretShape(created.secret_id)


def test_what_is_kept_of_the_secret_is_its_keyed_digest(installation: Installation) -> None:
    created = add_client(installation)
    known = open_directory(installation).find(created.client.client_id)
    assert known is not None

    expected = digest_secret(installation.master.derive("client secrets"), created.secret.reveal())

    assert {created.secret_id: KnownSecret(expected)} == known.secrets


def test_no_printing_of_what_was_created_shows_the_secret(installation: Installation) -> None:
    created = add_client(installation)

    assert created.secret.reveal() not in f"{created} {created!r}"


def test_no_printing_of_the_administration_shows_its_pepper(installation: Installation) -> None:
    assert repr(installation.clients.pepper) not in repr(installation.clients)


def test_two_clients_share_neither_id_nor_secret(installation: Installation) -> None:
    one, two = add_client(installation, "one"), add_client(installation, "two")

    assert one.client.client_id != two.client.client_id
    assert one.secret_id != two.secret_id
    assert one.secret != two.secret


@pytest.mark.parametrize(
    ("name", "scopes", "reason"),
    [
        ("a b", ("Zeebe",), "client name not accepted"),
        ("a-client", (), "scopes not accepted"),
        ("a-client", ("Console",), "scopes not accepted"),
    ],
)
def test_a_refused_client_leaves_nothing_behind(
    installation: Installation, name: str, scopes: tuple[str, ...], reason: str
) -> None:
    refused = installation.clients.create(new_client(installation, name, scopes))
    assert isinstance(refused, Refused)

    assert reason == refused.reason
    assert [] == list(installation.clients.each(installation.clusters.all()[0].cluster_id))


def test_a_name_is_free_again_after_its_client_is_deleted(installation: Installation) -> None:
    first = add_client(installation)
    refused = installation.clients.create(new_client(installation))
    installation.clients.delete(first.client.client_id, by="test")
    second = add_client(installation)

    assert isinstance(refused, Refused)
    assert "name taken" == refused.reason
    assert first.client.client_id != second.client.client_id


def test_a_secret_counts_as_unseen_until_it_was_presented(installation: Installation) -> None:
    created = add_client(installation)
    before = installation.clients.find(created.client.client_id)
    installation.clients.mark_presented(created)
    after = installation.clients.find(created.client.client_id)

    assert ListedClient(created.client, secret_presented=False) == before
    assert ListedClient(created.client, secret_presented=True) == after


def test_a_deleted_client_is_found_nowhere(installation: Installation) -> None:
    created = add_client(installation)

    assert installation.clients.delete(created.client.client_id, by="test")
    assert installation.clients.find(created.client.client_id) is None
    assert [] == list(installation.clients.each(created.client.cluster_id))
    assert not installation.clients.delete(created.client.client_id, by="test")
    assert not installation.clients.delete("never was", by="test")
