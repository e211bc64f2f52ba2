"""
A cluster's clients, a page at a time, and found by a part of their names.
"""

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest

from gatekey.server.console.clients.clients_list import PAGE
from support.console import ServedConsole, served_console

MANY = PAGE + 3


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    with served_console(tmp_path_factory.mktemp("console")) as served:
        for number in range(MANY):
            served.create_client(f"worker-{number:03}")
        yield served


@pytest.fixture(scope="module")
def person(console: ServedConsole) -> httpx.Client:
    return console.member()


def names_in(page: str) -> list[str]:
    return re.findall(r'gk-table__main" href="[^"]*">([^<]+)<', page)


def link_in(page: str, text: str) -> str | None:
    found = re.search(rf'href="([^"]*)">{text}<', page)
    return unescape(found[1]) if found else None


def test_pages_show_every_client_once_and_lead_back(console: ServedConsole, person: httpx.Client) -> None:
    first = person.get(f"{console.cluster_path}/api").text
    following = link_in(first, "Next page")
    assert following is not None
    second = person.get(following).text
    back = link_in(second, "First page")
    assert back is not None

    assert [f"worker-{number:03}" for number in range(MANY)] == names_in(first) + names_in(second)
    assert link_in(second, "Next page") is None
    assert link_in(first, "First page") is None
    assert names_in(first) == names_in(person.get(back).text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("KER-01", [f"worker-01{number}" for number in range(10)]), ("<script>", []), ("&after=x", []), ("%", [])],
)
def test_a_part_of_a_name_finds_clients(
    console: ServedConsole, person: httpx.Client, text: str, expected: list[str]
) -> None:
    answer = person.get(f"{console.cluster_path}/api", params={"find": text})

    assert (200, expected) == (answer.status_code, names_in(answer.text))
    assert "<script>" not in answer.text
    assert f"{len(expected)} clients with" in answer.text


def test_a_whole_id_finds_its_client(console: ServedConsole, person: httpx.Client) -> None:
    [client] = [each.client for each in console.services.clients.called("worker-007")]
    answer = person.get(f"{console.cluster_path}/api", params={"find": client.client_id})

    assert ["worker-007"] == names_in(answer.text)


def test_a_name_in_other_letters_of_case_is_taken(console: ServedConsole, person: httpx.Client) -> None:
    form = console.form(person, name="Worker-001", scope=["Zeebe"])
    answer = person.post(f"{console.cluster_path}/api", data=form)

    assert 409 == answer.status_code
    assert "worker-001" in answer.text
