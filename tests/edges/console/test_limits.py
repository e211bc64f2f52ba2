"""
The pages about limits: what they show, whom they let in, and that unblocking is asked for, confirmed and kept.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from gatekey.server.storage.traffic.request_history import SqlRequestHistory
from gatekey.server.traffic.counting import Row
from gatekey.server.traffic.history import Block
from support.console import ServedConsole, csrf_of, press, served_console

HOME, NETWORK = "203.0.113.24", "2001:db8:1:2::/64"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    with served_console(tmp_path_factory.mktemp("console")) as served:
        yield served


@pytest.fixture(scope="module")
def person(console: ServedConsole) -> httpx.Client:
    return console.member()


@pytest.fixture(scope="module")
def ids(console: ServedConsole) -> dict[str, str]:
    """
    A living and a deleted client behind one blocked address, and strangers elsewhere.
    """
    live, gone = (console.create_client(name).client.client_id for name in ("live", "gone"))
    console.services.clients.delete(gone, by="test")
    history, minute, now = SqlRequestHistory(console.database, 86_400), int(time.time() // 60), time.time()

    def row(client_id: str, agent: str, outcome: str, address: str = HOME, verdict: str = "admitted") -> Row:
        return Row(minute, address, client_id, agent, "token", outcome, verdict, "")

    history.add(
        {
            row(live, "zeebe-client-java/8.6", "granted"): 3,
            row(gone, "<script>alert(1)</script>", "unknown client"): 40,
            row("", "curl/8", "blocked", verdict="blocked"): 50,
            row("never-here", "curl/8", "unknown client", NETWORK): 7,
            row("(others)", "(others)", "malformed", "(others)"): 9,
        }
    )
    history.add_blocks([Block(HOME, now - 30, now + 570)])
    return {"live": live, "gone": gone}


@pytest.mark.usefixtures("ids")
def test_the_list_shows_the_blocked_address_first_and_the_sums_of_all(person: httpx.Client) -> None:
    html = person.get("/limits").text

    assert html.index(HOME) < html.index(NETWORK)
    assert "Blocked</span> 9 min left" in html or "Blocked</span> 10 min left" in html
    assert f'href="/limits/{NETWORK}"'.replace(":", "%3A") in html
    assert "Various addresses" in html
    assert "<dd>109</dd>" in html


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize("path", ["/limits", "/limits?last=24h", "/limits?last=nonsense"])
def test_the_picture_has_a_title_words_and_a_table(person: httpx.Client, path: str) -> None:
    html = person.get(path).text

    assert '<svg class="gk-plot__picture"' in html
    assert 'role="img" aria-labelledby="plot-title plot-words"' in html
    assert '<title id="plot-title">' in html
    assert '<desc id="plot-words">At most 109 requests' in html
    assert "The same as a table" in html
    assert "style=" not in html


def test_an_address_shows_who_asked_what_is_wrong_and_what_to_do(person: httpx.Client, ids: dict[str, str]) -> None:
    html = person.get(f"/limits/{HOME}").text

    assert "Deleted client still asks" in html
    assert "gone was deleted" in html
    assert "Stop the program" in html
    assert "Goes on asking while it is refused" in html
    assert f'href="/limits/clients/{ids["gone"]}"' in html
    assert f'/api/{ids["live"]}"' in html
    assert f'href="/limits/{HOME}/unblock"' in html
    assert "Not yet" in html


@pytest.mark.usefixtures("ids")
def test_what_strangers_send_is_text_and_nothing_else(person: httpx.Client) -> None:
    html = person.get(f"/limits/{HOME}").text

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize("spelt", [NETWORK, "2001:db8:1:2::7", "2001%3Adb8%3A1%3A2%3A%3A%2F64"])
def test_a_network_is_found_however_it_is_spelt(person: httpx.Client, spelt: str) -> None:
    html = person.get(f"/limits/{spelt}").text

    assert f'<h1 class="gk-title">{NETWORK}</h1>' in html
    assert "never-here is no client of this installation" in html


def test_a_client_s_page_shows_from_where_it_asked(
    console: ServedConsole, person: httpx.Client, ids: dict[str, str]
) -> None:
    busy = person.get(f"{console.cluster_path}/api/{ids['live']}").text
    silent = console.create_client("silent").client.client_id

    assert "From where it asked" in busy
    assert HOME in busy
    assert "zeebe-client-java/8.6" in busy
    assert "Nobody asked for a token" in person.get(f"{console.cluster_path}/api/{silent}").text


def test_clients_without_a_page_have_one_here(
    console: ServedConsole, person: httpx.Client, ids: dict[str, str]
) -> None:
    live = person.get(f"/limits/clients/{ids['live']}")

    assert "This client was deleted" in person.get(f"/limits/clients/{ids['gone']}").text
    assert "No client of this installation" in person.get("/limits/clients/never-here").text
    assert 404 == person.get("/limits/clients/nobody-ever").status_code
    assert (303, f"{console.cluster_path}/api/{ids['live']}") == (live.status_code, live.headers["location"])


@pytest.mark.parametrize("path", ["/limits/nonsense", "/limits/nonsense/unblock", "/limits/192.0.2.999"])
def test_what_is_no_address_is_not_found(person: httpx.Client, path: str) -> None:
    answer = person.get(path)

    assert 404 == answer.status_code
    assert "No such address" in answer.text


@pytest.mark.parametrize("path", ["/limits", f"/limits/{HOME}", f"/limits/{HOME}/unblock", "/limits/clients/x"])
def test_strangers_are_sent_to_sign_in(console: ServedConsole, path: str) -> None:
    stranger = console.stranger()

    assert "/sign-in" == stranger.get(path).headers["location"]


def test_a_forged_form_unblocks_nobody(console: ServedConsole, person: httpx.Client) -> None:
    stranger = press(console.stranger(), "/limits/192.0.2.50/unblock")
    without_token = press(person, "/limits/192.0.2.50/unblock")
    elsewhere = person.post(
        "/limits/192.0.2.50/unblock", data=console.form(person), headers={"origin": "https://evil.example"}
    )

    assert [403, 403, 403] == [each.status_code for each in (stranger, without_token, elsewhere)]
    assert "192.0.2.50" not in {order.address for order in console.services.limits.store.orders(None)}


def test_unblocking_is_confirmed_ordered_and_kept_with_who_and_why(
    console: ServedConsole, person: httpx.Client
) -> None:
    SqlRequestHistory(console.database, 86_400).add_blocks([Block("192.0.2.60", time.time() - 5, time.time() + 600)])
    form = person.get("/limits/192.0.2.60/unblock").text
    answer = person.post(
        "/limits/192.0.2.60/unblock", data={"csrf": csrf_of(form), "reason": "  the old worker is stopped "}
    )
    after = person.get(answer.headers["location"]).text
    with closing(sqlite3.connect(console.database.path)) as connection:
        audit = connection.execute(
            "SELECT actor, detail FROM audit WHERE action = 'unblocked' AND subject_id = '192.0.2.60'"
        ).fetchall()

    assert (303, "/limits/192.0.2.60?unblocked") == (answer.status_code, answer.headers["location"])
    assert "192.0.2.60" in {order.address for order in console.services.limits.store.orders(None)}
    assert [("owner@localhost", '{"reason": "the old worker is stopped"}')] == audit
    assert "as if it had never asked" in after
    assert "by owner@localhost: the old worker is stopped" in after


def test_a_reason_that_is_too_long_is_refused_and_kept_on_the_page(
    console: ServedConsole, person: httpx.Client
) -> None:
    answer = person.post("/limits/192.0.2.70/unblock", data=console.form(person, reason="x" * 201))

    assert 422 == answer.status_code
    assert "at most 200 characters" in answer.text
    assert "x" * 201 in answer.text


def test_nobody_asked_is_said_kindly(tmp_path_factory: pytest.TempPathFactory) -> None:
    with served_console(tmp_path_factory.mktemp("quiet")) as quiet:
        assert "Nobody asked for a token in this time" in quiet.member().get("/limits").text
