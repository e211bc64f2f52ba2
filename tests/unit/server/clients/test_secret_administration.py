"""
Rotating, listing and ending secrets, over a real data folder.
"""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from gatekey.oauth.identifiers import make_secret, read_secret
from gatekey.server.clients.model import Created, Refused, Rotated
from gatekey.server.clients.rotation import LIVE_LIMIT
from gatekey.server.clients.secret_administration import LISTED_AFTER_END, OVERLAP, SecretAdministration
from gatekey.server.tokens.model import Granted
from support.credentials import Office, by_secret, opened_office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(tmp_path_factory.mktemp("office") / "data", storm_shield=0) as opened:
        yield opened


@pytest.fixture
def secrets(office: Office) -> SecretAdministration:
    return office.installation.secrets


@pytest.fixture
def created(office: Office) -> Created:
    return office.create()


def rotated(outcome: Rotated | Refused) -> Rotated:
    assert isinstance(outcome, Rotated), outcome
    return outcome


def works(office: Office, created: Created, rotation: Rotated | None = None) -> bool:
    credential = by_secret(created, rotation.secret if rotation else None)
    return isinstance(office.worker().ask(credential), Granted)


def test_after_a_rotation_both_secrets_work(office: Office, secrets: SecretAdministration, created: Created) -> None:
    new = rotated(secrets.rotate(created.client.client_id, by="test"))

    assert works(office, created)
    assert works(office, created, new)
    assert office.clock.as_time() + OVERLAP == new.others_end


def test_after_the_overlap_only_the_new_one_does(
    office: Office, secrets: SecretAdministration, created: Created
) -> None:
    new = rotated(secrets.rotate(created.client.client_id, overlap=timedelta(hours=2), by="test"))
    office.clock.seconds += 7_200

    assert not works(office, created)
    assert works(office, created, new)


def test_a_leak_is_answered_at_once(office: Office, secrets: SecretAdministration, created: Created) -> None:
    worker = office.worker()
    stolen = worker.token(by_secret(created))
    new = rotated(secrets.rotate(created.client.client_id, overlap=timedelta(0), by="test"))
    fresh = worker.token(by_secret(created, new.secret))

    assert not works(office, created)
    assert ["Unverified", "Verified"] == [worker.check.inspect(each).__class__.__name__ for each in (stolen, fresh)]


def test_a_rotation_with_overlap_leaves_tokens_alone(
    office: Office, secrets: SecretAdministration, created: Created
) -> None:
    worker = office.worker()
    token = worker.token(by_secret(created))
    rotated(secrets.rotate(created.client.client_id, by="test"))

    assert "Verified" == worker.check.inspect(token).__class__.__name__


def test_a_new_secret_is_one_of_ours_and_names_its_id(secrets: SecretAdministration, created: Created) -> None:
    new = rotated(secrets.rotate(created.client.client_id, by="test"))
    shape = read_secret(new.secret.reveal())

    assert shape
    assert new.secret_id == shape.secret_id != created.secret_id


def test_the_list_shows_label_end_and_whether_it_was_shown(
    office: Office, secrets: SecretAdministration, created: Created
) -> None:
    office.clock.seconds += 1
    new = rotated(secrets.rotate(created.client.client_id, label="staging", by="test"))
    secrets.mark_presented(new)
    first, second = (listed.secret for listed in secrets.of_client(created.client.client_id))

    assert (created.secret_id, "", office.clock.as_time() + OVERLAP, None) == (
        first.secret_id,
        first.label,
        first.ends,
        first.presented,
    )
    assert (new.secret_id, "staging", None, office.clock.as_time()) == (
        second.secret_id,
        second.label,
        second.ends,
        second.presented,
    )


def test_an_ended_secret_leaves_the_list_after_a_while(
    office: Office, secrets: SecretAdministration, created: Created
) -> None:
    client_id = created.client.client_id
    rotated(secrets.rotate(client_id, overlap=timedelta(0), by="test"))
    lengths = []
    for step in (timedelta(0), LISTED_AFTER_END - timedelta(seconds=1), timedelta(seconds=1)):
        office.clock.seconds += step.total_seconds()
        lengths.append(len(secrets.of_client(client_id)))

    assert [2, 2, 1] == lengths


@pytest.mark.parametrize("client_id", ["unknown", ""])
def test_there_is_no_rotation_without_a_client(secrets: SecretAdministration, client_id: str) -> None:
    assert isinstance(secrets.rotate(client_id, by="test"), Refused)
    assert () == secrets.of_client(client_id)


def test_a_deleted_client_has_no_secrets_any_more(
    office: Office, secrets: SecretAdministration, created: Created
) -> None:
    client_id = created.client.client_id
    office.installation.clients.delete(client_id, by="test")

    assert isinstance(secrets.rotate(client_id, by="test"), Refused)
    assert isinstance(secrets.end(client_id, created.secret_id, by="test"), Refused)
    assert () == secrets.of_client(client_id)


def test_ending_needs_the_right_client(office: Office, secrets: SecretAdministration, created: Created) -> None:
    other = office.create()
    rotated(secrets.rotate(created.client.client_id, by="test"))

    assert isinstance(secrets.end(other.client.client_id, created.secret_id, by="test"), Refused)
    assert works(office, created)


def test_the_last_secret_cannot_be_ended(office: Office, secrets: SecretAdministration, created: Created) -> None:
    assert isinstance(secrets.end(created.client.client_id, created.secret_id, by="test"), Refused)
    assert works(office, created)


def test_a_found_secret_is_ended_even_if_it_is_the_last(
    office: Office, secrets: SecretAdministration, created: Created
) -> None:
    token = office.worker().token(by_secret(created))

    assert secrets.report_leak(created.secret_id, created.secret.reveal())
    assert not works(office, created)
    assert "Unverified" == office.worker().check.inspect(token).__class__.__name__
    assert works(office, created, rotated(secrets.rotate(created.client.client_id, by="test")))


def test_a_made_up_secret_with_a_right_id_ends_nothing(
    office: Office, secrets: SecretAdministration, created: Created
) -> None:
    forged = make_secret(created.secret_id, secrets.choose)

    assert not secrets.report_leak(created.secret_id, forged)
    assert works(office, created)


def test_a_secret_is_reported_once(secrets: SecretAdministration, created: Created) -> None:
    outcomes = [secrets.report_leak(created.secret_id, created.secret.reveal()) for _ in range(2)]

    assert [True, False] == outcomes


def together(*actions: object) -> None:
    """
    Do several things at the same moment, each in a thread of its own.
    """
    barrier = threading.Barrier(len(actions))

    def act(action: object) -> None:
        barrier.wait(30)
        action()  # type: ignore[operator] # every caller passes callables

    threads = [threading.Thread(target=act, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_people_cannot_end_both_of_two_secrets(secrets: SecretAdministration, office: Office) -> None:
    for _ in range(5):
        created = office.create()
        new = rotated(secrets.rotate(created.client.client_id, by="test"))
        ids = (created.secret_id, new.secret_id)
        together(*(lambda i=i, c=created: secrets.end(c.client.client_id, i, by="test") for i in ids))
        live = [each for each in secrets.of_client(created.client.client_id) if each.secret.lives(secrets.now())]

        assert 1 == len(live)


def test_rotations_at_the_same_moment_keep_the_limit(secrets: SecretAdministration, created: Created) -> None:
    client_id = created.client.client_id
    together(*(lambda: secrets.rotate(client_id, by="test") for _ in range(8)))

    assert LIVE_LIMIT == len(secrets.of_client(client_id))


def test_emergencies_at_the_same_moment_leave_one_secret(secrets: SecretAdministration, created: Created) -> None:
    client_id = created.client.client_id
    together(*(lambda: secrets.rotate(client_id, overlap=timedelta(0), by="test") for _ in range(4)))
    live = [each for each in secrets.of_client(client_id) if each.secret.lives(secrets.now())]

    assert 1 == len(live)
