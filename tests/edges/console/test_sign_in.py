"""
Coming in and going out: links, sessions, cookies.
"""

from collections.abc import Iterator
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from support.console import ServedConsole, press, served_console

CLUSTER = "/clusters/00000000-0000-0000-0000-000000000000"
PAGES = [
    "/clusters",
    CLUSTER,
    f"{CLUSTER}/api",
    f"{CLUSTER}/api/new",
    f"{CLUSTER}/api/some-client",
    f"{CLUSTER}/api/some-client/delete",
]
FORMS = ["/sign-out", f"{CLUSTER}/api", f"{CLUSTER}/api/some-client/credentials", f"{CLUSTER}/api/some-client/delete"]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    with served_console(tmp_path_factory.mktemp("console")) as served:
        yield served


def leads_to_sign_in(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.headers.get("location")) == (303, "/sign-in")


def test_the_root_leads_to_the_clusters(console: ServedConsole) -> None:
    answer = console.stranger().get("/")

    assert (303, "/clusters") == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_sent_to_sign_in_from_each_page(console: ServedConsole, path: str) -> None:
    assert leads_to_sign_in(console.stranger().get(path))


@pytest.mark.parametrize("path", FORMS)
def test_a_stranger_s_form_does_nothing_and_says_where_to_sign_in(console: ServedConsole, path: str) -> None:
    answer = console.stranger().post(path, data={"csrf": "x", "name": "typed"})

    assert (
        leads_to_sign_in(answer)
        if path == "/sign-out"
        else (403, True) == (answer.status_code, "gatekey sign-in" in answer.text)
    )


def test_the_sign_in_page_says_where_links_come_from(console: ServedConsole) -> None:
    assert "gatekey sign-in" in console.stranger().get("/sign-in").text


def test_looking_at_a_link_does_not_spend_it(console: ServedConsole) -> None:
    person, path = console.stranger(), console.link()
    looks = [person.get(path).status_code for _ in range(2)]
    answer = press(person, path)

    assert [200, 200] == looks
    assert "/clusters" == answer.headers["location"]
    assert 200 == person.get("/clusters").status_code


def test_a_link_signs_in_once(console: ServedConsole) -> None:
    path = console.link()
    press(console.stranger(), path)
    second = console.stranger()
    answer = press(second, path)

    assert 403 == answer.status_code
    assert "This sign-in link does not work any more" in answer.text
    assert leads_to_sign_in(second.get("/clusters"))


def test_an_unknown_link_signs_nobody_in(console: ServedConsole) -> None:
    answer = press(console.stranger(), "/sign-in/AAAAAAAAAAAAAAAAAAAAAAAA")

    assert 403 == answer.status_code
    assert "set-cookie" not in answer.headers


def test_a_link_ends_after_an_hour(console: ServedConsole) -> None:
    path = console.link()
    console.clock.ahead += timedelta(minutes=61)

    assert 403 == press(console.stranger(), path).status_code


def test_another_site_cannot_spend_a_link(console: ServedConsole) -> None:
    path = console.link()
    forged = press(console.stranger(), path, sec_fetch_site="cross-site")
    own = press(console.stranger(), path, sec_fetch_site="same-origin")

    assert 403 == forged.status_code
    assert "/clusters" == own.headers["location"]


def test_a_session_ends_after_a_working_day(console: ServedConsole) -> None:
    person = console.member()
    console.clock.ahead += timedelta(hours=12, minutes=1)

    assert leads_to_sign_in(person.get("/clusters"))


def test_signing_in_again_ends_the_session_before(console: ServedConsole) -> None:
    person = console.member()
    earlier = person.cookies["gatekey"]
    press(person, console.link())

    assert earlier != person.cookies["gatekey"]
    assert leads_to_sign_in(console.stranger().get("/clusters", headers={"cookie": f"gatekey={earlier}"}))


def test_a_session_that_somebody_else_chose_is_not_taken_over(console: ServedConsole) -> None:
    person = console.stranger()
    person.cookies.set("gatekey", "chosen-by-somebody")
    press(person, console.link())

    assert leads_to_sign_in(console.stranger().get("/clusters", headers={"cookie": "gatekey=chosen-by-somebody"}))


def test_signing_out_ends_the_session_on_the_server(console: ServedConsole) -> None:
    person = console.member()
    session = person.cookies["gatekey"]
    answer = person.post("/sign-out", data=console.form(person))

    assert leads_to_sign_in(answer)
    assert "gatekey" not in person.cookies
    assert leads_to_sign_in(console.stranger().get("/clusters", headers={"cookie": f"gatekey={session}"}))


def test_nobody_can_be_signed_out_by_another_site(console: ServedConsole) -> None:
    person = console.member()
    answer = press(person, "/sign-out")

    assert 403 == answer.status_code
    assert 200 == person.get("/clusters").status_code


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(console: ServedConsole) -> None:
    answer = press(console.stranger(), console.link())
    cookie = SimpleCookie(answer.headers["set-cookie"])["gatekey"]

    assert (True, "lax", "/", "", "") == (
        cookie["httponly"],
        cookie["samesite"].lower(),
        cookie["path"],
        cookie["domain"],
        cookie["secure"],
    )


def test_over_https_the_cookie_belongs_to_this_host_alone(tmp_path: Path) -> None:
    with served_console(tmp_path, secure=True) as console:
        answer = press(console.stranger(), console.link())
        cookie = SimpleCookie(answer.headers["set-cookie"])["__Host-gatekey"]

        assert (True, True, "/", "") == (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"])


def test_no_address_carries_a_session(console: ServedConsole) -> None:
    answer = press(console.stranger(), console.link())
    session = SimpleCookie(answer.headers["set-cookie"])["gatekey"].value

    assert session not in answer.headers["location"]
