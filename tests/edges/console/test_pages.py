"""
What every page has and no page has: headers, styles, outside addresses, and calm when the database is away.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from gatekey.oauth.vocabulary import Scope
from gatekey.server.clusters.addresses import addresses_of
from gatekey.server.clusters.model import Cluster
from gatekey.server.console.base.pages import CONSOLE, STATIC
from gatekey.server.storage.sql.database import Database
from support.console import ServedConsole, press, served_console

POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    with served_console(tmp_path_factory.mktemp("console")) as served:
        yield served


@pytest.fixture(scope="module")
def answers(console: ServedConsole) -> dict[str, httpx.Response]:
    """
    One answer of every kind that the console gives.
    """
    person, stranger = console.member(), console.stranger()
    api = f"{console.cluster_path}/api"
    client = f"{api}/{console.create_client(presented=False).client.client_id}"
    return {
        "to sign in": stranger.get("/clusters"),
        "sign in needed": stranger.get("/sign-in"),
        "sign in": stranger.get("/sign-in/some-key"),
        "link spent": press(stranger, "/sign-in/some-key"),
        "clusters": person.get("/clusters"),
        "overview": person.get(console.cluster_path),
        "clients": person.get(api),
        "clients after deletion": person.get(f"{api}?deleted"),
        "form": person.get(f"{api}/new"),
        "wrong": person.post(api, data=console.form(person, name="!")),
        "created": person.post(api, data=console.form(person, name="created", scope="Zeebe")),
        "taken": person.post(api, data=console.form(person, name="created", scope="Zeebe")),
        "client": person.get(client),
        "limits": person.get("/limits?last=24h"),
        "address": person.get("/limits/192.0.2.1"),
        "unblocking": person.get("/limits/192.0.2.1/unblock"),
        "no address": person.get("/limits/nonsense"),
        "deletion": person.get(f"{client}/delete"),
        "not found": person.get("/clusters/unknown"),
        "forged": press(person, "/sign-out"),
        "too large": person.post("/sign-out", data={"a": "x" * 20_000}),
    }


def test_every_answer_is_safe_from_scripts_frames_guessing_and_caches(answers: dict[str, httpx.Response]) -> None:
    expected = {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    }
    actual = {kind: {name: answer.headers.get(name) for name in expected} for kind, answer in answers.items()}

    assert dict.fromkeys(answers, expected) == actual


def test_no_page_needs_an_exception_from_the_policy(answers: dict[str, httpx.Response]) -> None:
    inline = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)

    assert [] == [kind for kind, answer in answers.items() if inline.search(answer.text)]


def test_no_page_loads_anything_from_elsewhere(answers: dict[str, httpx.Response]) -> None:
    foreign = re.compile(r'(?:src|href|action)="(?!/(?!/)|#)', re.IGNORECASE)

    assert [] == [kind for kind, answer in answers.items() if foreign.search(answer.text)]


def test_every_page_has_a_language_a_title_and_one_heading(answers: dict[str, httpx.Response]) -> None:
    for kind, answer in answers.items():
        if answer.status_code == 303:
            continue

        assert '<html lang="en">' in answer.text, kind
        assert re.search(r"<title>\S.* · Gatekey Console</title>", answer.text), kind
        assert 1 == answer.text.count("<h1"), kind


def test_every_field_has_a_label(answers: dict[str, httpx.Response]) -> None:
    for answer in answers.values():
        seen = [tag for tag in re.findall(r"<input[^>]*>", answer.text) if 'type="hidden"' not in tag]
        for tag in seen:
            identity = re.search(r'id="([^"]+)"', tag)

            assert identity, tag
            assert f'for="{identity[1]}"' in answer.text, tag


def test_every_form_that_changes_something_carries_the_token(answers: dict[str, httpx.Response]) -> None:
    for kind, answer in answers.items():
        for form in re.findall(r"<form.*?</form>", answer.text, re.DOTALL):
            if "/sign-in/" not in form:
                assert 'name="csrf"' in form, kind


def test_the_overview_ends_with_the_whole_client_configuration(console: ServedConsole) -> None:
    page = console.member().get(console.cluster_path).text
    shown = page[page.index("Client configuration") :]
    addresses = addresses_of(console.cluster, console.services.site)
    expected = [
        *(addresses.cluster_id, addresses.region, addresses.zeebe, addresses.grpc, addresses.rest),
        *(addresses.tasklist, addresses.operate, addresses.optimize, addresses.secrets, addresses.token_url),
        *(addresses.audience(scope) for scope in Scope),
    ]

    assert [] == [value for value in expected if f">{value}</code>" not in shown]


def test_a_cluster_name_is_text_even_if_it_looks_like_a_page(console: ServedConsole) -> None:
    # No rule lets such a name in; the page must not depend on that.
    name = "<script>alert('x')</script>"
    store = console.services.clusters.store
    cluster = Cluster(
        "00000000-0000-4000-8000-000000000001",
        console.cluster.organisation_id,
        name,
        "local",
        "localhost:1",
        "http://localhost:1",
        datetime.now(UTC),
    )
    assert store.add(cluster, by="test") is None
    person = console.member()
    pages = [
        person.get(path).text
        for path in ("/clusters", f"/clusters/{cluster.cluster_id}", f"/clusters/{cluster.cluster_id}/api/new")
    ]

    assert not any("<script>alert" in page for page in pages)
    assert all("&lt;script&gt;alert" in page for page in pages)


def test_the_host_header_reaches_no_page_and_no_address(console: ServedConsole) -> None:
    person = console.member()
    session = {"host": "evil.example", "x-forwarded-host": "evil.example"}
    api = f"{console.cluster_path}/api"
    answers = [
        person.get(console.cluster_path, headers=session),
        person.post(api, data=console.form(person, name="poisoned", scope="Zeebe"), headers=session),
        console.stranger().get("/", headers=session),
        console.stranger().get("/clusters", headers=session),
    ]

    assert not any("evil.example" in answer.text or "evil.example" in str(answer.headers) for answer in answers)


def test_styles_scripts_and_fonts_are_ours_and_may_be_kept(console: ServedConsole) -> None:
    page = console.stranger().get("/sign-in").text
    paths = [*re.findall(r'(?:src|href)="(/static/[^"]+)"', page), "/static/vendor/IBMPlexSans-Regular-Latin1.woff2"]
    answers = [console.stranger().get(path) for path in paths]

    assert 5 <= len(paths)
    assert {200} == {answer.status_code for answer in answers}
    assert {("public, max-age=86400", "nosniff", POLICY)} == {
        (
            answer.headers["cache-control"],
            answer.headers["x-content-type-options"],
            answer.headers["content-security-policy"],
        )
        for answer in answers
    }


@pytest.mark.parametrize("path", ["%2e%2e/rooms.py", "..%2frooms.py", "vendor/%2e%2e/%2e%2e/rooms.py", "vendor", ""])
def test_nothing_but_static_files_is_served_as_one(console: ServedConsole, path: str) -> None:
    answer = console.stranger().get(f"/static/{path}")

    assert 404 == answer.status_code


def test_the_styles_load_nothing_from_elsewhere() -> None:
    for sheet in STATIC.rglob("*.css"):
        addresses = re.findall(r"url\(\s*[\"']?([^\"')]+)", sheet.read_text())

        assert [] == [
            each for each in addresses if not (sheet.parent / each).is_file() and not each.startswith("data:")
        ]
        assert "@import" not in sheet.read_text()


def test_every_carbon_class_of_a_template_has_its_style() -> None:
    # Run scripts/vendor-styles when this fails.
    styled = (STATIC / "vendor" / "carbon.css").read_text()
    used = {
        name
        for template in (CONSOLE / "templates").glob("*.html")
        for name in re.findall(r"\bcds--[a-z0-9_-]+", template.read_text())
    }

    assert [] == sorted(name for name in used if not re.search(rf"\.{name}(?![\w-])", styled))


def test_every_class_of_our_own_is_used_and_styled() -> None:
    ours = (STATIC / "console.css").read_text()
    templates = "".join(file.read_text() for file in [*(CONSOLE / "templates").glob("*.html"), STATIC / "console.js"])
    styled = set(re.findall(r"\.(gk-[a-z_-]+)", ours))
    used = set(re.findall(r"\bgk-[a-z_-]+", templates))

    assert (set(), set()) == (styled - used, used - styled)


def test_while_the_database_is_away_pages_ask_to_come_back(tmp_path: Path) -> None:
    away = Database(tmp_path / "nowhere" / "gatekey.db")
    with served_console(tmp_path / "data", database=away) as console:
        stranger = console.stranger()
        answers = [
            stranger.get("/clusters", headers={"cookie": "gatekey=a-session"}),
            press(stranger, "/sign-in/a-key"),
        ]

        assert [(503, "5"), (503, "5")] == [(each.status_code, each.headers["retry-after"]) for each in answers]
        assert all("One moment, please" in each.text for each in answers)
        assert not any(str(tmp_path) in each.text for each in answers)


def test_the_demo_cluster_is_not_taken_for_camunda(console: ServedConsole) -> None:
    person = console.member()
    made = console.services.clusters.create("demo", "local", "127.0.0.1:1", "http://127.0.0.1:1", by="test")
    assert isinstance(made, Cluster), made
    shown = person.get(f"/clusters/{made.cluster_id}").text

    assert "This is a demo cluster, not Camunda" in shown
    assert "not Camunda" not in person.get(console.cluster_path).text
