"""
What gateways guard, followed change by change, is what a fresh look at the database finds.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatekey.oauth.vocabulary import Scope
from gatekey.server.clusters.model import Cluster
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject
from gatekey.server.run.gateway.guarded import Guarded
from gatekey.server.run.installation import Installation
from gatekey.server.storage.stores.guarded_store import SqlGuardedStore
from gatekey.server.tokens.revocation import Kind, Revocation, name_scope
from support.service import add_client, installed


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path / "data") as opened:
        yield opened


def guarded_of(installation: Installation) -> Guarded:
    return Guarded(SqlGuardedStore(installation.database), "camunda.io", revocations=True)


def revoke(installation: Installation, kind: Kind, subject: str, until: float) -> None:
    installation.revocations.revoke(Revocation(kind, subject, 5, until), by="test", at=time.time())


def test_followed_or_read_anew_it_is_the_same(installation: Installation) -> None:
    chance, now = random.Random(7), time.time()  # noqa: S311 - a choice of steps
    followed, clients = guarded_of(installation), [add_client(installation, f"client-{n}") for n in range(8)]
    for step in range(60):
        client_id = chance.choice(clients).client.client_id
        match chance.choice(["token", "scope", "client", "delete", "cluster", "move", "remove"]):
            case "token":
                revoke(installation, Kind.TOKEN, f"token-{step}", now + chance.choice([30, 3000]))
            case "scope":
                revoke(installation, Kind.SCOPE, name_scope(client_id, Scope.ZEEBE), now + 3000)
            case "client":
                revoke(installation, Kind.CLIENT, client_id, now + 3000)
            case "delete":
                installation.clients.delete(client_id, by="test")
            case "cluster":
                installation.clusters.create(f"cluster-{step}", "local", "a:1", "http://a:2", by="test")
            case "remove":
                installation.clusters.delete(chance.choice(installation.clusters.all()), by="test")
            case _:
                moved = replace(chance.choice(installation.clusters.all()), grpc_upstream=f"b:{step + 1}")
                assert isinstance(installation.clusters.update(moved, by="test"), Cluster)
        if chance.random() < 0.5:
            followed.read(now + step)
            fresh = guarded_of(installation)
            fresh.read(now + step)

            assert fresh.clusters == followed.clusters
            assert fresh.revocations == followed.revocations


def test_a_revocation_is_dropped_when_it_no_longer_matters(installation: Installation) -> None:
    guarded, now = guarded_of(installation), time.time()
    revoke(installation, Kind.TOKEN, "jti", now + 60)
    seen = []
    for later in (0, 59, 60, 61):
        guarded.read(now + later)
        seen.append(len(guarded.revocations))

    assert [1, 1, 0, 0] == seen


def test_one_that_was_widened_lasts_as_long_as_the_last_says(installation: Installation) -> None:
    guarded, now = guarded_of(installation), time.time()
    for until in (now + 60, now + 600):
        revoke(installation, Kind.TOKEN, "jti", until)
        guarded.read(now)
    guarded.read(now + 61)

    assert [Subject(Named.TOKEN, "jti")] == list(guarded.revocations)


def test_a_client_that_is_deleted_is_revoked_for_ever(installation: Installation) -> None:
    guarded, now, client_id = guarded_of(installation), time.time(), add_client(installation).client.client_id
    subject, seen = Subject(Named.CLIENT, client_id), []
    revoke(installation, Kind.CLIENT, client_id, now + 3000)
    guarded.read(now)
    seen.append(guarded.revocations[subject])
    installation.clients.delete(client_id, by="test")
    guarded.read(now)
    seen.append(guarded.revocations[subject])

    assert [5, FOREVER] == seen


def test_without_a_change_nothing_is_made_anew(installation: Installation) -> None:
    guarded, now = guarded_of(installation), time.time()
    revoke(installation, Kind.TOKEN, "jti", now + 60)
    guarded.read(now)
    before = (guarded.clusters, guarded.revocations)
    add_client(installation)
    guarded.read(now)

    assert before[0] is guarded.clusters
    assert before[1] is guarded.revocations
