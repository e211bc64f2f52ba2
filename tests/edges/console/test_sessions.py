"""
A session that ends loses nothing, and an address that leads nowhere says so.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from support.console import ServedConsole, field_of, press, served_console


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    with served_console(tmp_path_factory.mktemp("console")) as served:
        yield served


def names_of(console: ServedConsole) -> list[str]:
    return [each.client.name for each in console.services.clients.each(console.cluster.cluster_id)]


def test_signing_in_leads_to_the_page_that_was_asked_for(console: ServedConsole) -> None:
    person = console.stranger()
    person.get(f"{console.cluster_path}/api?search=pay")
    answer = press(person, console.link())

    assert f"{console.cluster_path}/api?search=pay" == answer.headers["location"]
    assert "/clusters" == press(person, console.link()).headers["location"]


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example", "https://evil.example"])
def test_no_sign_in_leads_to_another_host(console: ServedConsole, path: str) -> None:
    person = console.stranger()
    person.cookies.set("gatekey-page", httpx.URL("/", params={"p": path}).query.decode().removeprefix("p="))

    assert "/clusters" == press(person, console.link()).headers["location"]


def test_a_form_whose_session_ended_comes_back_and_can_be_sent(console: ServedConsole) -> None:
    person = console.member()
    form = console.form(person, name="typed-long", scope=["Zeebe", "Operate"])
    console.clock.ahead += timedelta(hours=13)
    ended = person.post(f"{console.cluster_path}/api", data=form)
    press(person, console.link())
    # The tab in which the form came back knows nothing of the new session.
    stale = {"name": "typed-long", "scope": ["Zeebe", "Operate"]}
    again = person.post(f"{console.cluster_path}/api", data=stale)
    sent = person.post(f"{console.cluster_path}/api", data={**stale, "csrf": field_of(again.text, "csrf")})

    assert (403, 403) == (ended.status_code, again.status_code)
    assert "Your session ended" in ended.text
    assert "gatekey sign-in" in ended.text
    assert "typed-long" == field_of(ended.text, "name")
    assert ["Zeebe", "Operate"] == re.findall(r'name="scope" value="(\w+)"', again.text)
    assert 200 == sent.status_code
    assert "typed-long" in names_of(console)


def test_a_form_of_another_site_is_not_given_back(console: ServedConsole) -> None:
    answer = console.member().post(
        f"{console.cluster_path}/api", data={"name": "forged"}, headers={"sec-fetch-site": "cross-site"}
    )

    assert (403, False) == (answer.status_code, 'name="name"' in answer.text)


def test_a_secret_is_not_given_back(console: ServedConsole) -> None:
    answer = console.stranger().post(f"{console.cluster_path}/api/x/credentials", data={"secret": "made-up-secret"})

    assert (403, False) == (answer.status_code, "made-up-secret" in answer.text)


def test_a_used_link_names_the_command_that_makes_a_new_one(console: ServedConsole) -> None:
    path = console.link()
    press(console.stranger(), path)
    answer = press(console.stranger(), path)

    assert "gatekey sign-in" in answer.text
    assert "Go to clusters" not in answer.text


def test_a_slash_too_many_leads_to_the_page(console: ServedConsole) -> None:
    answer = console.member().get(f"{console.cluster_path}/")

    assert (303, console.cluster_path) == (answer.status_code, answer.headers["location"])


def test_two_slashes_lead_to_no_other_host(console: ServedConsole) -> None:
    answer = console.member().get("//evil.example/")

    assert "//" not in answer.headers.get("location", "/")


def test_an_unknown_path_is_a_page_for_people_and_a_problem_for_programs(console: ServedConsole) -> None:
    person = console.member()
    page = person.get("/nowhere", headers={"accept": "text/html"})
    problem = person.get("/nowhere", headers={"accept": "application/json"})

    assert (404, 404) == (page.status_code, problem.status_code)
    assert "No such page" in page.text
    assert ("application/problem+json", "/nowhere") == (problem.headers["content-type"], problem.json()["instance"])
