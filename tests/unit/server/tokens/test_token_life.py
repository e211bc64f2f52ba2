"""
Introspection and revocation: who may know and end what.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gatekey.oauth.vocabulary import CREDENTIAL_CLAIM
from gatekey.server.clients.administration import NewClient
from gatekey.server.clients.model import Created
from gatekey.server.clusters.model import Cluster
from gatekey.server.tokens.model import Authenticated, Refusal, Refused
from gatekey.server.tokens.revocation import Kind, Revocation
from support.credentials import (
    Office,
    Worker,
    a_key,
    by_assertion,
    by_secret,
    good_claims,
    opened_office,
    sign_assertion,
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(tmp_path_factory.mktemp("office") / "data", storm_shield=0) as opened:
        yield opened


@pytest.fixture
def worker(office: Office) -> Worker:
    return office.worker()


def who(worker: Worker, created: Created) -> Authenticated:
    outcome = worker.tokens.authentication.authenticate(by_secret(created))
    assert isinstance(outcome, Authenticated)
    return outcome


def of_another_cluster(office: Office) -> Created:
    cluster = office.installation.clusters.create(
        f"cluster-{len(office.installation.clusters.all())}", "local", "localhost:1", "http://localhost:1", by="test"
    )
    assert isinstance(cluster, Cluster)
    created = office.installation.clients.create(
        NewClient("elsewhere", ("Zeebe",), cluster.cluster_id, cluster.organisation_id, "test")
    )
    assert isinstance(created, Created)
    return created


def test_a_live_token_tells_its_claims(office: Office, worker: Worker) -> None:
    created = office.create()
    found = worker.life.introspect(who(worker, created), worker.token(by_secret(created)))

    assert found.active
    assert (created.client.client_id, "zeebe.camunda.io", created.secret_id) == (
        found.claims["sub"],
        found.claims["aud"],
        found.claims[CREDENTIAL_CLAIM],
    )


def test_clients_of_a_cluster_may_ask_about_each_other(office: Office, worker: Worker) -> None:
    asking, asked = office.create(), office.create()

    assert worker.life.introspect(who(worker, asking), worker.token(by_secret(asked))).active


def test_of_other_clusters_nothing_is_told(office: Office, worker: Worker) -> None:
    found = worker.life.introspect(who(worker, office.create()), worker.token(by_secret(of_another_cluster(office))))

    assert (False, {}) == (found.active, dict(found.claims))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "gks_x", "\ud800.a.b", "." * 9_000])
def test_what_is_no_token_is_not_active(office: Office, worker: Worker, token: str) -> None:
    created = office.create()

    assert not worker.life.introspect(who(worker, created), token).active
    assert worker.life.plan_revocation(who(worker, created), token) is None


def test_an_expired_token_is_not_active(office: Office, worker: Worker) -> None:
    created = office.create(lifetime=60)
    token, began = worker.token(by_secret(created)), office.clock.seconds
    actives = []
    for elapsed in (59.9, 60.0):
        office.clock.seconds = began + elapsed
        actives.append(worker.life.introspect(who(worker, created), token).active)
    office.clock.seconds = began

    assert [True, False] == actives


def test_a_client_assertion_is_no_access_token(office: Office, worker: Worker) -> None:
    created = office.create()
    client_id = created.client.client_id
    kid = office.register(client_id, a_key("ES256"))
    assertion = sign_assertion(
        a_key("ES256"),
        "ES256",
        good_claims(client_id, office.installation.site.issuer, office.clock()),
        kid=kid,
        typ="JWT",
    )

    assert not worker.life.introspect(who(worker, created), assertion).active


def test_an_access_token_is_no_client_assertion(office: Office, worker: Worker) -> None:
    created = office.create()
    outcome = worker.tokens.authentication.authenticate(
        by_assertion(created.client.client_id, worker.token(by_secret(created)))
    )

    assert isinstance(outcome, Refused)


def test_a_revoked_token_is_dead_on_every_worker(office: Office, worker: Worker) -> None:
    created, others = office.create(), [office.worker() for _ in range(2)]
    token, kept = worker.token(by_secret(created)), worker.token(by_secret(created))
    before = [each.life.introspect(who(each, created), token).active for each in others]
    planned = worker.life.plan_revocation(who(worker, created), token)
    assert isinstance(planned, Revocation)
    worker.life.revoke(planned, "test")
    after = [each.life.introspect(who(each, created), token).active for each in others]

    assert ([True] * 2, [False] * 2) == (before, after)
    assert others[0].life.introspect(who(others[0], created), kept).active


def test_revoking_twice_is_no_error(office: Office, worker: Worker) -> None:
    created = office.create()
    token = worker.token(by_secret(created))
    planned = worker.life.plan_revocation(who(worker, created), token)
    assert isinstance(planned, Revocation)
    worker.life.revoke(planned, "test")

    assert worker.life.plan_revocation(who(worker, created), token) is None
    worker.life.revoke(planned, "test")


def test_a_revocation_is_remembered_as_long_as_the_token_would_live(office: Office, worker: Worker) -> None:
    created = office.create(lifetime=600)
    planned = worker.life.plan_revocation(who(worker, created), worker.token(by_secret(created)))

    assert isinstance(planned, Revocation)
    assert (Kind.TOKEN, int(office.clock.seconds) + 600) == (planned.kind, planned.until)


@pytest.mark.parametrize("another_cluster", [False, True])
def test_nobody_revokes_the_token_of_another(office: Office, worker: Worker, another_cluster: bool) -> None:  # noqa: FBT001 - a column of the table
    owner = of_another_cluster(office) if another_cluster else office.create()
    token = worker.token(by_secret(owner))
    planned = worker.life.plan_revocation(who(worker, office.create()), token)

    assert isinstance(planned, Refused)
    assert Refusal.SCOPE_NOT_GRANTED is planned.refusal
    assert worker.life.introspect(who(worker, owner), token).active
    office.installation.clients.delete(owner.client.client_id, by="test")


def test_a_deleted_clients_tokens_are_not_active(office: Office, worker: Worker) -> None:
    asking, deleted = office.create(), office.create()
    token = worker.token(by_secret(deleted))
    office.installation.clients.delete(deleted.client.client_id, by="test")

    assert not worker.life.introspect(who(worker, asking), token).active


def test_the_check_does_not_depend_on_what_the_token_says_of_itself(office: Office, worker: Worker) -> None:
    """
    A token under the name of a credential that never was is judged by its client alone.
    """
    created = office.create()
    client = worker.directory.find(created.client.client_id)
    assert client

    assert replace(client, not_before=7).valid_from("unknown") == 7
    assert 9 == replace(client, not_before=7, revoked={"a": 9, "b": 5}).valid_from("a")
    assert 7 == replace(client, not_before=7, revoked={"a": 9, "b": 5}).valid_from("b")
