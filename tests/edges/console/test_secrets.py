"""
Seeing, rotating and ending the secrets of a client, as a person does.
"""

import re
import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from gatekey.oauth import credentials_file
from gatekey.oauth.credentials_file import FileFormat
from gatekey.oauth.secret_text import SecretText
from gatekey.server.clients.model import Created, ListedSecret, Rotated, SecretUse
from gatekey.server.clients.rotation import LIVE_LIMIT
from gatekey.server.clusters.addresses import addresses_of
from gatekey.server.clusters.model import Cluster
from gatekey.server.storage.stores.secret_store import SqlSecretStore
from support.console import ServedConsole, field_of, served_console

WAIT = timedelta(seconds=20)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    with served_console(tmp_path_factory.mktemp("console")) as served:
        yield served


@pytest.fixture
def created(console: ServedConsole) -> Created:
    return console.create_client()


def path_of(console: ServedConsole, created: Created) -> str:
    return f"{console.cluster_path}/api/{created.client.client_id}"


def rotate(
    console: ServedConsole, person: httpx.Client, created: Created, end: str = "week", label: str = ""
) -> httpx.Response:
    form = console.form(person, end=end, label=label)
    return person.post(f"{path_of(console, created)}/secrets/rotate", data=form)


def listed(console: ServedConsole, created: Created) -> tuple[ListedSecret, ...]:
    return console.services.secrets.of_client(created.client.client_id)


def live(console: ServedConsole, created: Created) -> list[str]:
    now = console.services.secrets.now()
    return [each.secret.secret_id for each in listed(console, created) if each.secret.lives(now)]


def another(console: ServedConsole, created: Created) -> Rotated:
    """
    Rotate without the console.
    """
    rotated = console.services.secrets.rotate(created.client.client_id, by="test")
    assert isinstance(rotated, Rotated)
    return rotated


def test_the_clients_page_lists_its_secrets(console: ServedConsole, created: Created) -> None:
    rotated = another(console, created)
    page = console.member().get(path_of(console, created)).text

    assert created.secret_id in page
    assert rotated.secret_id in page
    assert created.secret.reveal() not in page
    assert rotated.secret.reveal() not in page


def test_a_secret_shows_who_used_it_last(console: ServedConsole, created: Created) -> None:
    use = SecretUse(datetime(2030, 2, 3, 4, 5, tzinfo=UTC), "192.0.2.7", "<script>zbctl</script>")
    SqlSecretStore(console.database, timedelta(days=1)).note_uses({created.secret_id: use})
    page = console.member().get(path_of(console, created)).text

    assert "3 Feb 2030, 04:05 UTC" in page
    assert "192.0.2.7" in page
    assert "&lt;script&gt;zbctl" in page
    assert "<script>zbctl" not in page


def test_the_form_offers_a_label_and_three_ends(console: ServedConsole, created: Created) -> None:
    page = console.member().get(f"{path_of(console, created)}/secrets/rotate").text
    ends = re.findall(r'name="end" value="(\w+)"[^>]*?( checked)?>', page)

    assert [("week", " checked"), ("day", ""), ("now", "")] == ends
    assert 'name="label"' in page


@pytest.mark.parametrize(("end", "left"), [("week", timedelta(days=7)), ("day", timedelta(hours=24))])
def test_older_secrets_end_when_the_person_says(
    console: ServedConsole, created: Created, end: str, left: timedelta
) -> None:
    page = rotate(console, console.member(), created, end).text
    old, new = listed(console, created)
    assert old.secret.ends

    assert left == old.secret.ends - new.secret.created
    assert None is new.secret.ends
    assert "older secrets end on" in page


def test_now_means_now(console: ServedConsole, created: Created) -> None:
    page = rotate(console, console.member(), created, "now").text
    [new] = live(console, created)

    assert created.secret_id != new
    assert "ended just now, and their tokens are revoked" in page


def test_the_new_secret_is_shown_once_with_its_file(console: ServedConsole, created: Created) -> None:
    person = console.member()
    answer = rotate(console, person, created)
    secret = field_of(answer.text, "secret")
    addresses = addresses_of(console.cluster, console.services.site)
    entries = credentials_file.credentials(
        addresses, created.client.client_id, SecretText(secret), created.client.scopes
    )
    file = credentials_file.render(entries, FileFormat.ENV)
    again = person.get(path_of(console, created)).text
    stored = b"".join(path.read_bytes() for path in console.database.path.parent.iterdir() if path.is_file())

    assert ("no-store", 64) == (answer.headers["cache-control"], len(secret))
    assert file.replace("'", "&#39;") in answer.text
    assert created.secret.reveal() != secret
    assert secret not in again
    assert secret.encode() not in stored


def test_the_download_of_a_new_secret_works(console: ServedConsole, created: Created) -> None:
    person = console.member()
    page = rotate(console, person, created).text
    fields = console.form(person, secret=field_of(page, "secret"), seal=field_of(page, "seal"), format="env")
    answer = person.post(f"{path_of(console, created)}/credentials", data=fields)

    assert 200 == answer.status_code
    assert f"export CAMUNDA_CLIENT_SECRET='{field_of(page, 'secret')}'" in answer.text


def test_being_shown_is_noted_and_not_being_shown_is_seen(console: ServedConsole, created: Created) -> None:
    person = console.member()
    unseen = another(console, created)
    rotate(console, person, created)
    deadline, waiting = datetime.now(UTC) + WAIT, threading.Event()
    while listed(console, created)[-1].secret.presented is None:
        assert datetime.now(UTC) < deadline, "the secret was never noted as shown"
        waiting.wait(0.01)
    page = person.get(path_of(console, created)).text
    cautions = [row for row in page.split("<tr>") if "Nobody may know it" in row]

    assert 1 == len(cautions)
    assert unseen.secret_id in cautions[0]


def test_a_label_is_kept_and_harmless(console: ServedConsole, created: Created) -> None:
    label = "<b>staging</b> {{ 7 * 7 }}"
    person = console.member()
    rotate(console, person, created, label=label)

    assert label == listed(console, created)[-1].secret.label
    assert "&lt;b&gt;staging&lt;/b&gt; {{ 7 * 7 }}" in person.get(path_of(console, created)).text


@pytest.mark.parametrize("label", ["x" * 101, "two\nlines", "\u202eright to left"])
def test_a_label_that_is_no_line_is_refused_and_shown_again(
    console: ServedConsole, created: Created, label: str
) -> None:
    answer = rotate(console, console.member(), created, label=label)

    assert 422 == answer.status_code
    assert "A label is one line" in answer.text
    assert [created.secret_id] == live(console, created)


@pytest.mark.parametrize("end", ["", "never", "7d", "WEEK"])
def test_an_end_that_the_form_does_not_have_changes_nothing(console: ServedConsole, created: Created, end: str) -> None:
    assert 400 == rotate(console, console.member(), created, end).status_code
    assert [created.secret_id] == live(console, created)


def test_too_many_live_secrets_are_explained(console: ServedConsole, created: Created) -> None:
    for _ in range(LIVE_LIMIT - 1):
        another(console, created)
    person = console.member()
    refused = rotate(console, person, created, "day")
    helped = rotate(console, person, created, "now")

    assert 422 == refused.status_code
    assert "end one first" in refused.text
    assert 'value="day" aria-describedby="means-day" checked' in refused.text
    assert 200 == helped.status_code


def test_a_second_click_wastes_a_secret_and_no_more(console: ServedConsole, created: Created) -> None:
    """
    Without a script the browser may send a form twice; what it threw away can be seen and ended.
    """
    person = console.member()
    answers = [rotate(console, person, created).status_code for _ in range(2)]

    assert [200, 200] == answers
    assert 3 == len(live(console, created))


def test_asking_to_end_ends_nothing(console: ServedConsole, created: Created) -> None:
    another(console, created)
    page = console.member().get(f"{path_of(console, created)}/secrets/{created.secret_id}/end").text

    assert f"End secret {created.secret_id}" in page
    assert 2 == len(live(console, created))


def test_an_ended_secret_is_dead_and_said_so(console: ServedConsole, created: Created) -> None:
    rotated, person = another(console, created), console.member()
    path = f"{path_of(console, created)}/secrets/{created.secret_id}/end"
    answer = person.post(path, data=console.form(person))
    page = person.get(answer.headers["location"]).text

    assert [rotated.secret_id] == live(console, created)
    assert "Secret ended" in page
    assert [404, 409] == [person.get(path).status_code, person.post(path, data=console.form(person)).status_code]


def test_the_last_secret_has_no_end(console: ServedConsole, created: Created) -> None:
    person, path = console.member(), f"{path_of(console, created)}/secrets/{created.secret_id}/end"
    answer = person.post(path, data=console.form(person))

    assert path not in person.get(path_of(console, created)).text
    assert 409 == answer.status_code
    assert "last live secret" in answer.text
    assert [created.secret_id] == live(console, created)


def test_an_unknown_secret_is_not_found(console: ServedConsole, created: Created) -> None:
    other = console.create_client()
    another(console, other)
    person = console.member()
    paths = [f"{path_of(console, created)}/secrets/{name}/end" for name in ("unknown", other.secret_id)]

    assert [404, 404] == [person.get(path).status_code for path in paths]
    assert [409, 409] == [person.post(path, data=console.form(person)).status_code for path in paths]
    assert 2 == len(live(console, other))


@pytest.mark.parametrize("tail", ["/secrets/rotate", "/secrets/{}/end"])
def test_secrets_are_not_reached_through_another_cluster(console: ServedConsole, created: Created, tail: str) -> None:
    other = console.services.clusters.create(
        f"c-{secrets.token_hex(4)}", "local", "localhost:1", "http://localhost:1", by="test"
    )
    assert isinstance(other, Cluster)
    another(console, created)
    person = console.member()
    path = f"/clusters/{other.cluster_id}/api/{created.client.client_id}{tail.format(created.secret_id)}"
    answers = [person.get(path), person.post(path, data=console.form(person, end="now"))]

    assert [404, 404] == [answer.status_code for answer in answers]
    assert 2 == len(live(console, created))


@pytest.mark.parametrize("tail", ["/secrets/rotate", "/secrets/{}/end"])
def test_a_form_without_the_sessions_token_changes_nothing(console: ServedConsole, created: Created, tail: str) -> None:
    another(console, created)
    person = console.member()
    path = f"{path_of(console, created)}{tail.format(created.secret_id)}"
    form = {**console.form(person, end="now"), "csrf": "0" * 64}
    foreign = {"origin": "http://attacker.test", "sec-fetch-site": "cross-site"}
    answers = [
        person.post(path, data=form),
        person.post(path, data=console.form(person, end="now"), headers=foreign),
        console.stranger().post(path, data=form),
    ]

    assert [403, 403, 403] == [answer.status_code for answer in answers]
    assert 2 == len(live(console, created))


def test_deleting_says_what_happens_to_tokens(console: ServedConsole, created: Created) -> None:
    page = console.member().get(f"{path_of(console, created)}/delete").text

    assert "The tokens that it has are revoked" in page
    assert "refuse them within a second" in page


def test_who_rotated_and_ended_is_in_the_audit(console: ServedConsole, created: Created) -> None:
    person = console.member()
    rotate(console, person, created)
    person.post(f"{path_of(console, created)}/secrets/{created.secret_id}/end", data=console.form(person))
    with console.database.reading() as connection:
        entries = connection.exec_driver_sql(
            "SELECT actor, action FROM audit WHERE subject = 'client secret' AND subject_id IN (?, ?) ORDER BY entry",
            (created.client.client_id, created.secret_id),
        ).fetchall()

    assert [("owner@localhost", "rotated"), ("owner@localhost", "ended")] == [tuple(entry) for entry in entries]
