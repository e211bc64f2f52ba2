"""
Who is who: one answer for every failure, whatever the reason.
"""

import hmac
import itertools
import secrets
from collections.abc import Iterator
from datetime import timedelta

import pytest

from gatekey.oauth.client_authentication import Credential, Method, SecretCredential
from gatekey.oauth.identifiers import make_secret, make_secret_id, read_secret
from gatekey.oauth.secret_text import SecretText
from gatekey.server.clients.digest import digest_secret
from gatekey.server.clients.model import Created, Rotated
from gatekey.server.tokens.model import Authenticated, Cause, Granted, Refusal, Refused
from gatekey.server.tokens.revocation import name_key
from support.credentials import (
    Office,
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


def rotate(office: Office, created: Created, **wish: object) -> Rotated:
    outcome = office.installation.secrets.rotate(created.client.client_id, by="test", **wish)  # type: ignore[arg-type] # the tests' own words
    assert isinstance(outcome, Rotated), outcome
    return outcome


def authenticate(office: Office, credential: Credential) -> Authenticated | Refused:
    return office.worker().tokens.authentication.authenticate(credential)


def refusal(office: Office, credential: Credential) -> Refused:
    outcome = authenticate(office, credential)
    assert isinstance(outcome, Refused), outcome
    return outcome


def test_a_secret_proves_its_client_and_is_named(office: Office) -> None:
    created = office.create()
    outcome = authenticate(office, by_secret(created))
    assert isinstance(outcome, Authenticated)

    assert (created.client.client_id, created.secret_id) == (outcome.client.client_id, outcome.credential_id)


@pytest.mark.parametrize("method", [Method.BASIC, Method.POST])
def test_the_way_it_came_is_kept(office: Office, method: Method) -> None:
    created = office.create()
    outcome = authenticate(office, SecretCredential(created.client.client_id, created.secret, method))

    assert isinstance(outcome, Authenticated)
    assert method is outcome.method


def test_every_live_secret_works(office: Office) -> None:
    created = office.create()
    more = [rotate(office, created) for _ in range(4)]
    credentials = [by_secret(created), *(by_secret(created, each.secret) for each in more)]

    assert all(isinstance(authenticate(office, each), Authenticated) for each in credentials)


def all_failures(office: Office) -> list[Refused]:
    """
    One refusal for every reason there is.
    """
    created, other, deleted, ended = (office.create() for _ in range(4))
    office.installation.clients.delete(deleted.client.client_id, by="test")
    rotate(office, ended, overlap=timedelta(0))
    digest = digest_secret(office.installation.master.derive("client secrets"), created.secret.reveal())
    unknown_id = make_secret(make_secret_id(secrets.choice), secrets.choice)
    same_id = make_secret(created.secret_id, secrets.choice)
    texts = [
        other.secret.reveal(),
        unknown_id,
        same_id,
        created.secret.reveal()[:-1],
        created.secret.reveal() + " ",
        created.secret.reveal().swapcase(),
        digest.hex(),
        digest.decode("latin-1"),
        "",
        "\0",
        "x" * 8_000,
        created.client.client_id,
        created.secret_id,
    ]
    client_id = created.client.client_id
    return [
        *(refusal(office, by_secret(created, SecretText(text))) for text in texts),
        refusal(office, by_secret(deleted)),
        refusal(office, by_secret(ended)),
        refusal(office, SecretCredential(client_id.lower(), created.secret, Method.POST)),
        refusal(office, SecretCredential("", created.secret, Method.POST)),
        refusal(office, SecretCredential("unknown", created.secret, Method.POST)),
    ]


def test_every_failure_looks_the_same_from_outside(office: Office) -> None:
    failures = all_failures(office)

    assert {(Refusal.INVALID_CLIENT, "Client authentication failed.")} == {(r.refusal, r.public) for r in failures}


def test_the_operator_is_told_them_apart(office: Office) -> None:
    reasons = {failure.reason for failure in all_failures(office)}

    assert {"wrong secret", "no secret of ours", "unknown or deleted client"} < reasons
    assert any("has ended" in reason for reason in reasons)


def test_every_refusal_names_its_cause_and_what_was_proved(office: Office) -> None:
    created, ended, deleted = (office.create() for _ in range(3))
    office.installation.clients.delete(deleted.client.client_id, by="test")
    rotate(office, ended, overlap=timedelta(0))
    wrong_audience = office.worker().ask(by_secret(created), "operate.camunda.io")
    causes = {
        (refused.cause, refused.credential_id)
        for refused in (
            refusal(office, by_secret(deleted)),
            refusal(office, by_secret(created, ended.secret)),
            refusal(office, by_secret(ended)),
            refusal(office, by_assertion(created.client.client_id, "a.b.c")),
            wrong_audience,
        )
        if isinstance(refused, Refused)
    }

    assert {
        (Cause.UNKNOWN_CLIENT, None),
        (Cause.WRONG_SECRET, None),
        (Cause.ENDED_SECRET, ended.secret_id),
        (Cause.WRONG_ASSERTION, None),
        (Cause.DENIED, created.secret_id),
    } == causes


def test_reasons_hold_no_secret(office: Office) -> None:
    created = office.create()
    rotate(office, created, overlap=timedelta(0))

    assert created.secret.reveal() not in repr(refusal(office, by_secret(created)))


def test_the_stored_digest_of_nothing_is_no_way_in(office: Office) -> None:
    """
    What stands in for a missing digest is 32 zero bytes; nothing that hashes to something else equals it.
    """
    created = office.create()
    pepper = office.installation.master.derive("client secrets")
    empty = hmac.digest(pepper, b"", "sha256")

    assert bytes(32) != empty
    assert refusal(office, by_secret(created, SecretText("")))


def test_a_secret_ends_to_the_second(office: Office) -> None:
    created = office.create()
    began = office.clock.seconds
    rotate(office, created, overlap=timedelta(hours=1))
    before, at = 3_599.999, 3_600.0
    outcomes = []
    for elapsed in (before, at):
        office.clock.seconds = began + elapsed
        outcomes.append(isinstance(authenticate(office, by_secret(created)), Authenticated))
    office.clock.seconds = began

    assert [True, False] == outcomes


def test_a_new_secret_can_have_an_end(office: Office) -> None:
    created, began = office.create(), office.clock.seconds
    rotated = rotate(office, created, ends=office.clock.as_time() + timedelta(days=1))
    working = authenticate(office, by_secret(created, rotated.secret))
    office.clock.seconds = began + 86_400
    ended = authenticate(office, by_secret(created, rotated.secret))
    office.clock.seconds = began

    assert isinstance(working, Authenticated)
    assert isinstance(ended, Refused)


def test_the_secret_carries_the_id_that_finds_its_digest(office: Office) -> None:
    """
    So the work is one look-up and one digest, however many secrets are alive.
    """
    created = office.create()
    rotated = [created.secret, *(rotate(office, created).secret for _ in range(4))]
    client = office.worker().directory.find(created.client.client_id)
    shapes = [read_secret(secret.reveal()) for secret in rotated]

    assert client is not None
    assert list(client.secrets) == [shape.secret_id for shape in shapes if shape]


def test_deletion_is_seen_by_a_worker_that_knew_the_client(office: Office) -> None:
    created, worker = office.create(), office.worker()
    before = worker.ask(by_secret(created))
    office.installation.clients.delete(created.client.client_id, by="test")
    after = worker.ask(by_secret(created))

    assert isinstance(before, Granted)
    assert isinstance(after, Refused)


def test_an_ended_secret_is_dead_on_every_worker_at_once(office: Office) -> None:
    created, workers = office.create(), [office.worker() for _ in range(3)]
    rotate(office, created)
    before = [isinstance(worker.ask(by_secret(created)), Granted) for worker in workers]
    office.installation.secrets.end(created.client.client_id, created.secret_id, by="test")
    after = [isinstance(worker.ask(by_secret(created)), Granted) for worker in workers]

    assert ([True] * 3, [False] * 3) == (before, after)


def test_an_assertion_proves_its_client_and_names_its_key(office: Office) -> None:
    client_id = office.create().client.client_id
    kid = office.register(client_id, a_key("ES256"), "k1")
    claims = good_claims(client_id, office.installation.site.issuer, office.clock())
    credential = by_assertion(client_id, sign_assertion(a_key("ES256"), "ES256", claims, kid=kid))
    outcome = office.worker().tokens.authentication.authenticate(credential)

    assert isinstance(outcome, Authenticated)
    assert (name_key(client_id, "k1"), Method.PRIVATE_KEY) == (outcome.credential_id, outcome.method)


def test_the_same_kid_of_two_clients_is_two_keys(office: Office) -> None:
    first, second = (office.create().client.client_id for _ in range(2))
    office.register(first, a_key("ES256"), "k1")
    office.register(second, a_key("EdDSA"), "k1")
    claims = good_claims(second, office.installation.site.issuer, office.clock())
    foreign = by_assertion(second, sign_assertion(a_key("ES256"), "ES256", claims, kid="k1"))

    assert isinstance(office.worker().tokens.authentication.authenticate(foreign), Refused)


def test_removing_a_key_revokes_its_tokens_and_nobody_elses(office: Office) -> None:
    """
    Kids are chosen by people: two clients have a `k1` here.
    """
    clients = [office.create().client.client_id for _ in range(2)]
    worker = office.worker()
    tokens = []
    for client_id in clients:
        office.register(client_id, a_key("ES256"), "k1")
        claims = good_claims(client_id, office.installation.site.issuer, office.clock())
        tokens.append(worker.token(by_assertion(client_id, sign_assertion(a_key("ES256"), "ES256", claims))))
    alive = [worker.check.inspect(token).__class__.__name__ for token in tokens]
    office.installation.client_keys.remove(clients[0], "k1", by="test")
    then = [worker.check.inspect(token).__class__.__name__ for token in tokens]

    assert ["Verified", "Verified"] == alive
    assert ["Unverified", "Verified"] == then


def test_a_key_that_comes_back_does_not_bring_its_revoked_tokens(office: Office) -> None:
    client_id, worker = office.create().client.client_id, office.worker()
    outcomes = []
    tokens: list[str] = []
    for _ in itertools.repeat(None, 2):
        office.register(client_id, a_key("ES256"), "k1")
        claims = good_claims(client_id, office.installation.site.issuer, office.clock())
        tokens.append(worker.token(by_assertion(client_id, sign_assertion(a_key("ES256"), "ES256", claims))))
        outcomes.append([worker.check.inspect(token).__class__.__name__ for token in tokens])
        office.installation.client_keys.remove(client_id, "k1", by="test")

    assert [["Verified"], ["Unverified", "Verified"]] == outcomes
