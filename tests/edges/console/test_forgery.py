"""
Forms that our own pages did not send, and forms that are none.
"""

from collections.abc import Iterator

import pytest

from gatekey.http.csrf import csrf_token, is_own, seal
from gatekey.oauth.secret_text import SecretText
from gatekey.server.console.base.forms import BODY_LIMIT
from support.console import ServedConsole, csrf_of, served_console

PUBLIC = "https://gatekey.example.org"
KEY = bytes(32)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    with served_console(tmp_path_factory.mktemp("console")) as served:
        yield served


@pytest.mark.parametrize(
    ("own", "site", "origin", "host"),
    [
        (True, "same-origin", None, None),
        (True, "none", None, None),
        (False, "same-site", PUBLIC, "gatekey.example.org"),
        (False, "cross-site", PUBLIC, "gatekey.example.org"),
        (False, "", PUBLIC, "gatekey.example.org"),
        (True, None, PUBLIC, "internal:8400"),
        (True, None, "http://10.0.0.1:8400", "10.0.0.1:8400"),
        (True, None, None, "internal:8400"),
        (False, None, "https://evil.example", "gatekey.example.org"),
        (False, None, "https://gatekey.example.org.evil.example", "gatekey.example.org"),
        (False, None, "http://gatekey.example.org:81", "gatekey.example.org"),
        (False, None, "null", "gatekey.example.org"),
        (False, None, "null", ""),
        (False, None, "", ""),
    ],
)
def test_only_our_own_pages_may_send_forms(own: bool, site: str | None, origin: str | None, host: str | None) -> None:  # noqa: FBT001 - a column of the table
    assert own == is_own(site, origin, host, PUBLIC)


def test_each_session_has_its_own_token() -> None:
    assert csrf_token(KEY, SecretText("a")) != csrf_token(KEY, SecretText("b"))


def test_a_token_needs_the_key() -> None:
    assert csrf_token(KEY, SecretText("a")) != csrf_token(bytes(31) + b"1", SecretText("a"))


def test_a_seal_knows_where_one_value_ends() -> None:
    session = SecretText("a")

    assert seal(KEY, session, "ab", "c") != seal(KEY, session, "a", "bc")


def test_a_form_without_the_token_changes_nothing(console: ServedConsole) -> None:
    answer = console.member().post(f"{console.cluster_path}/api", data={"name": "forged", "scope": "Zeebe"})

    assert 403 == answer.status_code
    assert "forged" not in [each.client.name for each in console.services.clients.each(console.cluster.cluster_id)]


def test_a_form_with_the_token_of_another_session_changes_nothing(console: ServedConsole) -> None:
    other = csrf_of(console.member().get("/clusters").text)
    created = console.create_client()
    path = f"{console.cluster_path}/api/{created.client.client_id}/delete"
    answer = console.member().post(path, data={"csrf": other})

    assert 403 == answer.status_code
    assert console.services.clients.find(created.client.client_id)


def test_a_token_that_stands_twice_counts_as_none(console: ServedConsole) -> None:
    person = console.member()
    token = csrf_of(person.get("/clusters").text)

    assert 403 == person.post("/sign-out", data={"csrf": [token, token]}).status_code


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}],
)
def test_a_form_from_another_site_changes_nothing_even_with_the_token(
    console: ServedConsole, headers: dict[str, str]
) -> None:
    person = console.member()
    answer = person.post("/sign-out", data=console.form(person), headers=headers)

    assert 403 == answer.status_code
    assert 200 == person.get("/clusters").status_code


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
def test_a_body_of_another_type_is_no_form(console: ServedConsole, kind: str) -> None:
    answer = console.member().post("/sign-out", content=b"csrf=x", headers={"content-type": kind})

    assert 415 == answer.status_code


@pytest.mark.parametrize(
    "body",
    [b"csrf=%ff%fe", b"csrf=\xff", b"&".join(b"a=1" for _ in range(33))],
    ids=["not UTF-8", "not ASCII", "too many fields"],
)
def test_a_malformed_form_is_refused(console: ServedConsole, body: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}

    assert 400 == console.member().post("/sign-out", content=body, headers=headers).status_code


@pytest.mark.parametrize("chunked", [False, True])
def test_a_form_that_is_too_large_is_refused(console: ServedConsole, chunked: bool) -> None:  # noqa: FBT001 - the two ways to send a body
    body = b"csrf=" + b"x" * BODY_LIMIT
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = console.member().post("/sign-out", content=iter([body]) if chunked else body, headers=headers)

    assert 413 == answer.status_code
