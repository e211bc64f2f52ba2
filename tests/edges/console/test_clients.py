"""
Creating, viewing and deleting API clients; who sees the secret, and how often.
"""

import asyncio
import logging
import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.types import Message

from gatekey.errors import StorageUnavailable
from gatekey.oauth import credentials_file
from gatekey.oauth.credentials_file import FileFormat, file_name
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope
from gatekey.server.clients.model import Client
from gatekey.server.clusters.addresses import addresses_of
from gatekey.server.clusters.model import Cluster
from gatekey.server.console.base.shown_once import ShownOnce
from support.console import ServedConsole, field_of, served_console

WAIT = timedelta(seconds=20)
CAUTION = "may never have been shown"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    with served_console(tmp_path_factory.mktemp("console")) as served:
        yield served


def a_name() -> str:
    return f"client-{secrets.token_hex(4)}"


def create(
    console: ServedConsole, person: httpx.Client, name: str, scopes: tuple[str, ...] = ("Zeebe",)
) -> httpx.Response:
    form = console.form(person, name=name, scope=list(scopes))
    return person.post(f"{console.cluster_path}/api", data=form)


def named(console: ServedConsole, name: str) -> list[Client]:
    listed = list(console.services.clients.each(console.cluster.cluster_id))
    return [each.client for each in listed if each.client.name == name]


def path_of(console: ServedConsole, client: Client) -> str:
    return f"{console.cluster_path}/api/{client.client_id}"


def secret_in(page: str) -> str:
    return field_of(page, "secret")


def until_presented(console: ServedConsole, client_id: str) -> None:
    deadline = datetime.now(UTC) + WAIT
    waiting = threading.Event()
    while not (listed := console.services.clients.find(client_id)) or not listed.secret_presented:
        assert datetime.now(UTC) < deadline, "the secret was never noted as shown"
        waiting.wait(0.01)


def test_a_cluster_without_clients_invites_to_create_the_first(tmp_path_factory: pytest.TempPathFactory) -> None:
    with served_console(tmp_path_factory.mktemp("empty")) as console:
        person = console.member()
        empty = person.get(f"{console.cluster_path}/api").text
        create(console, person, "first")
        filled = person.get(f"{console.cluster_path}/api").text

        assert ("Create your first client" in empty, "Create new client" in empty) == (True, False)
        assert ("Create your first client" in filled, "Create new client" in filled) == (False, True)


def test_the_form_offers_every_scope(console: ServedConsole) -> None:
    page = console.member().get(f"{console.cluster_path}/api/new").text

    assert all(f'value="{scope}"' in page for scope in ("Zeebe", "Tasklist", "Operate", "Optimize", "Secrets"))


def test_a_created_client_has_the_name_and_scopes_that_were_chosen(console: ServedConsole) -> None:
    name = a_name()
    create(console, console.member(), name, ("Zeebe", "Secrets"))
    [client] = named(console, name)

    assert (frozenset({Scope.ZEEBE, Scope.SECRETS}), "owner@localhost") == (client.scopes, client.created_by)


def test_the_secret_is_in_one_answer_and_nowhere_else(console: ServedConsole, caplog: pytest.LogCaptureFixture) -> None:
    person, name = console.member(), a_name()
    with caplog.at_level(logging.DEBUG):
        answer = create(console, person, name)
        secret = secret_in(answer.text)
        [client] = named(console, name)
        pages = [
            person.get(path)
            for path in (
                "/clusters",
                console.cluster_path,
                f"{console.cluster_path}/api",
                f"{console.cluster_path}/api/new",
                path_of(console, client),
                f"{path_of(console, client)}/delete",
            )
        ]
    stored = b"".join(file.read_bytes() for file in console.database.path.parent.iterdir() if file.is_file())

    assert 64 == len(secret)
    assert "no-store" == answer.headers["cache-control"]
    assert [200] * len(pages) == [page.status_code for page in pages]
    assert not any(secret in page.text or secret in str(page.headers) for page in pages)
    assert secret.encode() not in stored
    assert secret not in caplog.text
    assert secret not in str(answer.headers)


def test_sending_the_form_twice_creates_one_client_and_explains(console: ServedConsole) -> None:
    person, name = console.member(), a_name()
    secret = secret_in(create(console, person, name).text)
    again = create(console, person, name)
    [client] = named(console, name)

    assert 409 == again.status_code
    assert f"a client named {name} already" in again.text
    assert "its secret was in the" in again.text
    assert f'href="{path_of(console, client)}/delete"' in again.text
    assert secret not in again.text


def test_forms_that_arrive_together_create_one_client(console: ServedConsole) -> None:
    person, name = console.member(), a_name()
    form = console.form(person, name=name, scope="Zeebe")
    answers: list[int] = []

    def send() -> None:
        answers.append(person.post(f"{console.cluster_path}/api", data=form).status_code)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [200, 409, 409, 409] == sorted(answers)
    assert 1 == len(named(console, name))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "two words",
        "x" * 51,
        "<script>alert(1)</script>",
        "a'; $(id) `id`",
        "a\nexport EVIL=1",
        "../../etc/passwd",
        'a"; filename="b',
        "\u202etxt.exe",
    ],
)
def test_a_name_that_could_do_harm_is_refused_and_shown_harmlessly(console: ServedConsole, name: str) -> None:
    answer = create(console, console.member(), name)

    assert 422 == answer.status_code
    assert "A client name has 1 to 50 letters" in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "<script>alert" not in answer.text
    assert not named(console, name)


def test_blanks_around_a_pasted_name_do_not_count(console: ServedConsole) -> None:
    name = a_name()

    assert 200 == create(console, console.member(), f" {name}\t").status_code
    assert named(console, name)


@pytest.mark.parametrize("scopes", [(), ("Everything",), ("Zeebe", "<b>")])
def test_a_client_needs_scopes_that_exist(console: ServedConsole, scopes: tuple[str, ...]) -> None:
    name = a_name()
    answer = create(console, console.member(), name, scopes)

    assert 422 == answer.status_code
    assert f'value="{name}"' in answer.text
    assert "<b>" not in answer.text
    assert not named(console, name)


def test_fields_that_the_form_does_not_have_are_ignored(console: ServedConsole) -> None:
    person, name = console.member(), a_name()
    form = console.form(person, name=name, scope="Zeebe", client_id="chosen", created_by="somebody", by="somebody")
    person.post(f"{console.cluster_path}/api", data=form)
    [client] = named(console, name)

    assert ("owner@localhost", True) == (client.created_by, client.client_id != "chosen")


@pytest.mark.parametrize("form", list(FileFormat))
def test_the_page_and_the_download_have_the_very_file(console: ServedConsole, form: FileFormat) -> None:
    person, name = console.member(), a_name()
    page = create(console, person, name, ("Zeebe", "Operate", "Tasklist")).text
    [client] = named(console, name)
    fields = console.form(person, secret=secret_in(page), seal=field_of(page, "seal"), format=form.value)
    answer = person.post(f"{path_of(console, client)}/credentials", data=fields)
    addresses = addresses_of(console.cluster, console.services.site)
    entries = credentials_file.credentials(addresses, client.client_id, SecretText(secret_in(page)), client.scopes)
    expected = credentials_file.render(entries, form)

    assert expected.encode() == answer.content
    assert f'attachment; filename="{file_name(name, form)}"' == answer.headers["content-disposition"]
    assert ("text/plain; charset=utf-8", "no-store", "nosniff") == (
        answer.headers["content-type"],
        answer.headers["cache-control"],
        answer.headers["x-content-type-options"],
    )
    assert expected.replace("'", "&#39;") in page


@pytest.mark.parametrize(
    ("field", "value"),
    [("secret", "gks_made-up"), ("secret", "a' ; curl evil"), ("secret", ""), ("seal", "0" * 64), ("seal", "")],
)
def test_the_download_gives_back_only_what_the_page_showed(console: ServedConsole, field: str, value: str) -> None:
    person, name = console.member(), a_name()
    page = create(console, person, name).text
    [client] = named(console, name)
    fields = console.form(person, secret=secret_in(page), seal=field_of(page, "seal"), format="env")
    answer = person.post(f"{path_of(console, client)}/credentials", data={**fields, field: value})

    assert 403 == answer.status_code
    assert "content-disposition" not in answer.headers


def test_the_download_is_of_the_client_that_was_created(console: ServedConsole) -> None:
    person, name = console.member(), a_name()
    page = create(console, person, name).text
    other = console.create_client().client
    fields = console.form(person, secret=secret_in(page), seal=field_of(page, "seal"), format="env")

    assert 403 == person.post(f"{path_of(console, other)}/credentials", data=fields).status_code


def test_the_download_is_for_the_session_that_created_the_client(console: ServedConsole) -> None:
    name = a_name()
    page = create(console, console.member(), name).text
    [client] = named(console, name)
    other = console.member()
    fields = console.form(other, secret=secret_in(page), seal=field_of(page, "seal"), format="env")

    assert 403 == other.post(f"{path_of(console, client)}/credentials", data=fields).status_code


@pytest.mark.parametrize("form", ["spring", "", "ENV"])
def test_an_unknown_file_format_is_refused(console: ServedConsole, form: str) -> None:
    person, name = console.member(), a_name()
    page = create(console, person, name).text
    [client] = named(console, name)
    fields = console.form(person, secret=secret_in(page), seal=field_of(page, "seal"), format=form)

    assert 400 == person.post(f"{path_of(console, client)}/credentials", data=fields).status_code


def test_a_client_can_be_viewed_without_its_secret(console: ServedConsole) -> None:
    created = console.create_client()
    page = console.member().get(path_of(console, created.client)).text
    addresses = addresses_of(console.cluster, console.services.site)

    assert created.client.client_id in page
    assert all(text in page for text in (addresses.rest, addresses.operate, addresses.token_url, "zeebe.camunda.io"))
    assert addresses.tasklist not in page
    assert created.secret.reveal() not in page
    assert CAUTION not in page


def test_a_client_whose_secret_nobody_saw_carries_a_warning(console: ServedConsole) -> None:
    created = console.create_client(presented=False)
    person = console.member()

    assert CAUTION in person.get(f"{console.cluster_path}/api").text
    assert CAUTION in person.get(path_of(console, created.client)).text
    console.services.clients.mark_presented(created)


def test_a_secret_that_was_shown_carries_no_warning(console: ServedConsole) -> None:
    person, name = console.member(), a_name()
    create(console, person, name)
    [client] = named(console, name)
    until_presented(console, client.client_id)

    assert CAUTION not in person.get(path_of(console, client)).text


def shown_to(reader: Message | None) -> tuple[list[Message], list[str]]:
    """
    Send a page to somebody who stays (None) or is gone, and return what was sent and noted.
    """
    sent: list[Message] = []
    noted: list[str] = []

    async def receive() -> Message:
        if reader is None:
            await asyncio.Event().wait()
        return reader or {}

    async def send(message: Message) -> None:
        sent.append(message)

    async def show() -> None:
        await ShownOnce("page", {}, lambda: noted.append("shown"))({"type": "http"}, receive, send)

    asyncio.run(show())
    return sent, noted


def test_a_page_that_arrived_is_noted_after_its_last_byte() -> None:
    sent, noted = shown_to(None)

    assert b"page" == b"".join(message.get("body", b"") for message in sent)
    assert [True, False] == [message["more_body"] for message in sent[1:]]
    assert ["shown"] == noted


def test_a_page_whose_reader_was_gone_is_not_noted() -> None:
    assert [] == shown_to({"type": "http.disconnect"})[1]


def test_a_page_that_arrived_is_right_even_when_that_cannot_be_noted() -> None:
    sent: list[Message] = []

    def fail() -> None:
        raise StorageUnavailable("The database does not answer.")

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    async def send(message: Message) -> None:
        sent.append(message)

    async def show() -> None:
        await ShownOnce("page", {}, fail)({"type": "http"}, receive, send)

    asyncio.run(show())

    assert {"type": "http.response.body", "body": b"", "more_body": False} == sent[-1]


def test_asking_to_delete_deletes_nothing(console: ServedConsole) -> None:
    created = console.create_client()
    page = console.member().get(f"{path_of(console, created.client)}/delete").text

    assert f"Delete {created.client.name}?" in page
    assert console.services.clients.find(created.client.client_id)


def test_a_deleted_client_is_gone(console: ServedConsole) -> None:
    created = console.create_client()
    person, path = console.member(), path_of(console, created.client)
    answer = person.post(f"{path}/delete", data=console.form(person))
    list_page = person.get(answer.headers["location"]).text

    assert console.services.clients.find(created.client.client_id) is None
    assert "Client deleted" in list_page
    assert created.client.client_id not in list_page
    assert [404, 404] == [person.get(path).status_code, person.get(f"{path}/delete").status_code]
    assert 404 == person.post(f"{path}/delete", data=console.form(person)).status_code


def test_a_name_is_free_again_after_deletion(console: ServedConsole) -> None:
    created = console.create_client()
    person = console.member()
    person.post(f"{path_of(console, created.client)}/delete", data=console.form(person))

    assert 200 == create(console, person, created.client.name).status_code


@pytest.mark.parametrize("action", ["", "/delete"])
def test_a_client_is_not_reached_through_another_cluster(console: ServedConsole, action: str) -> None:
    other = console.services.clusters.create(a_name(), "local", "localhost:1", "http://localhost:1", by="test")
    assert isinstance(other, Cluster)
    created = console.create_client()
    person = console.member()
    path = f"/clusters/{other.cluster_id}/api/{created.client.client_id}{action}"
    answers = [person.get(path).status_code]
    if action:
        answers.append(person.post(path, data=console.form(person)).status_code)

    assert {404} == set(answers)
    assert console.services.clients.find(created.client.client_id)


@pytest.mark.parametrize("tail", ["", "/api", "/api/new", "/api/x", "/api/x/delete"])
def test_an_unknown_cluster_is_not_found(console: ServedConsole, tail: str) -> None:
    person = console.member()

    assert 404 == person.get(f"/clusters/00000000-0000-0000-0000-000000000000{tail}").status_code
    assert 404 == person.get(f"/clusters/{console.cluster.name}{tail}").status_code


def test_scopes_are_changed_in_place(console: ServedConsole) -> None:
    person = console.member()
    client = console.create_client().client
    path = f"{console.cluster_path}/api/{client.client_id}"
    form = person.get(f"{path}/change")

    done = person.post(f"{path}/change", data=console.form(person, scope=["Operate", "Secrets"]))
    shown = person.get(done.headers["location"]).text
    listed = console.services.clients.find(client.client_id)

    assert 'value="Zeebe" aria-describedby="opens-Zeebe" checked' in form.text
    assert "Scopes changed" in shown
    assert listed is not None
    assert {Scope.OPERATE, Scope.SECRETS} == listed.client.scopes


def test_a_client_without_any_scope_is_refused_with_the_form(console: ServedConsole) -> None:
    person = console.member()
    client = console.create_client().client
    path = f"{console.cluster_path}/api/{client.client_id}"

    refused = person.post(f"{path}/change", data=console.form(person))

    assert 422 == refused.status_code
    assert "Choose at least one scope" in refused.text
    assert client == getattr(console.services.clients.find(client.client_id), "client", None)


def test_nobody_changes_who_is_not_there(console: ServedConsole) -> None:
    person = console.member()
    path = f"{console.cluster_path}/api/nobody/change"

    assert [404, 404] == [
        person.get(path).status_code,
        person.post(path, data=console.form(person, scope=["Zeebe"])).status_code,
    ]
