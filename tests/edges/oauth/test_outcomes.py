"""
What the operator is told apart though callers are not.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from gatekey.server.events.model import OAuthAnswered, Outcome
from support.service import Service, add_client, served


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served(tmp_path_factory.mktemp("outcomes") / "data") as running:
        yield running


def ask(service: Service, client_id: str, secret: str, audience: str = "zeebe.camunda.io") -> tuple[bytes, int]:
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
        "audience": audience,
    }
    reply = service.caller.ask_token(form)
    return reply.body, reply.status


def last(service: Service) -> OAuthAnswered:
    event = service.events[-1]
    assert isinstance(event, OAuthAnswered), event
    return event


def test_outcomes_are_told_apart_and_answers_are_not(service: Service) -> None:
    installation = service.installation
    kept, ended, deleted = (add_client(installation, name) for name in ("kept", "ended", "deleted"))
    installation.secrets.rotate(ended.client.client_id, overlap=timedelta(0), by="test")
    installation.clients.delete(deleted.client.client_id, by="test")
    asked = [
        (deleted.client.client_id, deleted.secret.reveal()),
        ("0" * 32, kept.secret.reveal()),
        (kept.client.client_id, "wrong"),
        (kept.client.client_id, ended.secret.reveal()),
        (ended.client.client_id, ended.secret.reveal()),
    ]
    answers, told = set(), []
    for client_id, secret in asked:
        answers.add(ask(service, client_id, secret))
        told.append((last(service).outcome, last(service).credential_id))

    assert 1 == len(answers)
    assert [
        (Outcome.UNKNOWN_CLIENT, None),
        (Outcome.UNKNOWN_CLIENT, None),
        (Outcome.WRONG_SECRET, None),
        (Outcome.WRONG_SECRET, None),
        (Outcome.ENDED_SECRET, ended.secret_id),
    ] == told


def test_the_right_client_with_a_wrong_wish_is_denied(service: Service) -> None:
    created = add_client(service.installation, "zeebe-only")
    _, status = ask(service, created.client.client_id, created.secret.reveal(), "operate.camunda.io")

    assert (403, Outcome.DENIED, created.secret_id) == (status, last(service).outcome, last(service).credential_id)


def test_what_cannot_be_read_is_malformed(service: Service) -> None:
    service.caller.call("POST", "/oauth/token", {"content-type": "text/plain"}, b"x")

    assert Outcome.MALFORMED is last(service).outcome
