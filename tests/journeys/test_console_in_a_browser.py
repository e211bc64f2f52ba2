"""
A person in a browser: from the sign-in link to a token, and back to nothing; with JavaScript and without.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Download, Page, sync_playwright

from gatekey.oauth import credentials_file
from support.product import Product, running_product
from support.service import Caller, eventually

pytestmark = pytest.mark.real

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
"""Tests may run as root, where Chromium's sandbox does not start; the other flags keep it from calling home."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    data = tmp_path_factory.mktemp("product") / "data"
    # A block that outlasts whatever a browser takes on a busy machine.
    with running_product(data, with_gateway=False, limit_block_for=600) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@dataclass
class Visitor:
    """
    A browser window, and what its developer console complained about.
    """

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def press(self, name: str, role: str = "button") -> None:
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type] # a role's name, spelt out above

    def shows(self, heading: str) -> None:
        self.page.get_by_role("heading", name=heading, level=1).wait_for()


Enter = Callable[..., Visitor]


@pytest.fixture
def enter(browser: Browser, product: Product) -> Iterator[Enter]:
    """
    Open a window and sign in.
    """
    contexts: list[BrowserContext] = []

    def open_window(*, scripts: bool) -> Visitor:
        context = browser.new_context(java_script_enabled=scripts, permissions=["clipboard-read", "clipboard-write"])
        contexts.append(context)
        visitor = Visitor(context, context.new_page())
        visitor.page.on("console", lambda message: visitor.complaints.append(message.text))
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        visitor.page.goto(product.sign_in_link())
        visitor.press("Sign in to the console")
        visitor.shows("Clusters")
        return visitor

    yield open_window
    for context in contexts:
        context.close()


def begin_client(visitor: Visitor, name: str) -> None:
    visitor.press("local", "link")
    visitor.shows("local")
    visitor.press("API", "link")
    visitor.page.get_by_role("link", name="Create", exact=False).click()
    visitor.shows("Create client")
    visitor.page.get_by_label("Client name").fill(name)
    visitor.page.get_by_text("Operate", exact=True).click()


def download(visitor: Visitor, folder: Path) -> tuple[Download, Path]:
    with visitor.page.expect_download() as coming:
        visitor.press("Download credentials")
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return coming.value, path


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_person_creates_a_client_uses_its_file_and_deletes_it(
    product: Product,
    enter: Enter,
    tmp_path: Path,
    scripts: bool,  # noqa: FBT001 - the two browsers of the claim
) -> None:
    name = f"payment-worker-{'with' if scripts else 'without'}"
    visitor = enter(scripts=scripts)
    begin_client(visitor, name)
    visitor.press("Create")
    visitor.shows(f"Credentials of {name}")
    secret = visitor.page.locator("#client-secret").text_content()
    shown = visitor.page.locator("#file-env").text_content()
    offered, path = download(visitor, tmp_path)
    values = credentials_file.parse(path.read_text())

    assert f"CamundaCloudMgmtAPI-Client-{name}.txt" == offered.suggested_filename
    assert shown == path.read_text()
    assert secret == values["ZEEBE_CLIENT_SECRET"]
    assert "Zeebe,Operate" == values["CAMUNDA_CREDENTIALS_SCOPES"]
    assert product.token_url == values["ZEEBE_AUTHORIZATION_SERVER_URL"]

    status, body = product.ask_token(values["ZEEBE_CLIENT_ID"], secret, values["ZEEBE_TOKEN_AUDIENCE"])

    assert (200, "Bearer") == (status, body["token_type"])

    visitor.press("Done", "link")
    visitor.press(f"View {name}", "link")
    visitor.shows(name)

    assert secret not in visitor.page.content()

    visitor.press("Delete client", "link")
    visitor.shows(f"Delete {name}?")
    visitor.press("Delete client")
    visitor.page.get_by_text("Client deleted").wait_for()
    status, _ = product.ask_token(values["ZEEBE_CLIENT_ID"], secret, values["ZEEBE_TOKEN_AUDIENCE"])

    assert 401 == status
    assert [] == visitor.complaints


def test_the_file_comes_in_the_format_that_was_chosen(enter: Enter, tmp_path: Path) -> None:
    visitor = enter(scripts=False)
    begin_client(visitor, "dotenv-reader")
    visitor.press("Create")
    visitor.page.get_by_text(".env", exact=True).click()

    assert visitor.page.locator("#file-dotenv").is_visible()
    assert not visitor.page.locator("#file-env").is_visible()

    _, path = download(visitor, tmp_path)

    assert visitor.page.locator("#file-dotenv").text_content() == path.read_text()
    assert path.read_text().startswith("ZEEBE_ADDRESS=")


def test_the_copy_button_copies_the_secret(enter: Enter) -> None:
    visitor = enter(scripts=True)
    begin_client(visitor, "copied")
    visitor.press("Create")
    visitor.press("Copy Client Secret")
    visitor.page.get_by_role("button", name="Copied").wait_for()

    assert visitor.page.locator("#client-secret").text_content() == visitor.page.evaluate(
        "navigator.clipboard.readText()"
    )


def test_leaving_a_secret_that_nobody_kept_asks_first(enter: Enter) -> None:
    visitor = enter(scripts=True)
    begin_client(visitor, "not-kept")
    visitor.press("Create")
    visitor.shows("Credentials of not-kept")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    visitor.page.on("dialog", stay)
    visitor.press("Copy Client ID")
    visitor.press("Done", "link")
    visitor.page.wait_for_timeout(200)

    assert ["beforeunload"] == asked
    assert "/credentials" not in visitor.page.url

    visitor.press("Copy Client Secret")
    visitor.press("Done", "link")
    visitor.shows("local")

    assert ["beforeunload"] == asked


def test_no_page_is_wider_than_a_small_phone(product: Product, enter: Enter) -> None:
    created = product.create_client("on-a-phone")
    visitor = enter(scripts=False)
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    api = str(visitor.page.get_by_role("link", name="local").first.get_attribute("href"))
    client = f"{api}/api/{created['clientId']}"
    pages = ["/clusters", api, f"{api}/api", f"{api}/api/new", client, f"{client}/delete", f"{client}/change"]
    pages += [f"{client}/secrets/rotate", "/limits", "/limits/192.0.2.7", "/nowhere"]
    wide = {}
    for path in pages:
        visitor.page.goto(product.http + path)
        width = visitor.page.evaluate("document.documentElement.scrollWidth")
        sign_out = visitor.page.get_by_role("button", name="Sign out")
        box = sign_out.bounding_box() if sign_out.count() else None
        if width > 360 or (box and box["x"] + box["width"] > 360):
            wide[path] = width

    assert {} == wide


def test_a_double_click_creates_one_client_and_shows_its_secret(product: Product, enter: Enter) -> None:
    visitor = enter(scripts=True)
    begin_client(visitor, "clicked-twice")
    visitor.page.get_by_role("button", name="Create").dblclick()
    visitor.shows("Credentials of clicked-twice")

    assert 1 == product.cli("clients", "list", "--cluster", "local").stdout.count("clicked-twice")


def test_reloading_the_credentials_says_why_they_are_gone(enter: Enter) -> None:
    visitor = enter(scripts=False)
    begin_client(visitor, "reloaded")
    visitor.press("Create")
    visitor.shows("Credentials of reloaded")
    secret = visitor.page.locator("#client-secret").text_content() or "none"
    visitor.page.reload()
    visitor.page.get_by_text("This cluster has a client named reloaded already").wait_for()

    assert secret not in visitor.page.content()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_person_finds_out_why_an_address_is_blocked_and_unblocks_it(
    product: Product,
    enter: Enter,
    scripts: bool,  # noqa: FBT001 - the two browsers of the claim
) -> None:
    name, address = f"deleted-{'with' if scripts else 'without'}", f"127.0.0.{21 + scripts}"
    created = product.create_client(name)
    product.cli("clients", "delete", name, "--yes")
    program = Caller(product.http_port, address)
    form = {
        "grant_type": "client_credentials",
        "client_id": created["clientId"],
        "client_secret": created["clientSecret"],
    }
    answers = [program.ask_token(form, {"user-agent": "python-requests/2.32"}).status for _ in range(60)]

    assert 429 == answers[-1]

    visitor = enter(scripts=scripts)
    visitor.press("Rate limit", "link")
    visitor.shows("Rate limit")
    eventually(lambda: visitor.page.reload() and visitor.page.get_by_role("link", name=address, exact=True).count())
    visitor.press(address, "link")
    visitor.shows(address)

    assert "Blocked for another" in visitor.page.content()
    assert visitor.page.get_by_text(f"{name} was deleted").is_visible()
    assert visitor.page.get_by_role("img", name="Requests over time, by what became of them").is_visible()

    visitor.page.get_by_text("The same as a table").click()

    assert visitor.page.get_by_role("columnheader", name="While blocked").first.is_visible()

    visitor.press("Unblock", "link")
    visitor.shows(f"Unblock {address}?")
    visitor.page.get_by_label("Reason").fill("it is stopped")
    visitor.press("Unblock")
    visitor.page.get_by_text("as if it had never asked").wait_for()

    assert visitor.page.get_by_text("by owner@localhost: it is stopped").is_visible()
    eventually(lambda: program.ask_token(form).status == 401)  # no longer 429
    assert [] == visitor.complaints
