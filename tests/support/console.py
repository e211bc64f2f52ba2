"""
The console over real stores, served by a real server on loopback, and a person in front of it.
"""

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette

from gatekey.server.clients.administration import NewClient
from gatekey.server.clients.model import Created
from gatekey.server.clusters.model import Cluster
from gatekey.server.console.base.guard import show_missing
from gatekey.server.console.routes import ConsoleServices, console
from gatekey.server.run.installation import open_installation
from gatekey.server.run.operating import Operating
from gatekey.server.run.upstreams import silent_upstreams
from gatekey.server.settings import Settings
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.stores.account_store import SqlAccountStore
from gatekey.server.storage.stores.client_store import SqlClientStore
from gatekey.server.storage.stores.cluster_store import SqlClusterStore
from gatekey.server.storage.stores.secret_store import SqlSecretStore
from gatekey.server.vault.sealing import Seal

LONGEST_LIFE = timedelta(days=7)
"""What tokens of these clients live at most; nobody here asks for one."""

START_SECONDS = 30.0
"""A bound against hanging, not an expectation."""


@dataclass
class Clock:
    """
    The time as the console is told it; tests move it.
    """

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class ServedConsole:
    """
    A running console, with the services it asks at and the database behind it.
    """

    services: ConsoleServices
    database: Database
    clock: Clock
    url: str
    _people: list[httpx.Client] = field(default_factory=list)

    @property
    def cluster(self) -> Cluster:
        return self.services.clusters.all()[0]

    @property
    def cluster_path(self) -> str:
        return f"/clusters/{self.cluster.cluster_id}"

    def link(self) -> str:
        """
        Return the path of a new sign-in link.
        """
        return f"/sign-in/{self.services.sign_in.issue_link()}"

    def stranger(self) -> httpx.Client:
        """
        Return a browser without a session.
        """
        person = httpx.Client(base_url=self.url, trust_env=False)
        self._people.append(person)
        return person

    def member(self) -> httpx.Client:
        """
        Return a browser that is signed in.
        """
        person = self.stranger()
        answer = press(person, self.link())
        assert answer.headers["location"] == "/clusters", answer.text
        return person

    def form(self, person: httpx.Client, **fields: str | list[str]) -> dict[str, str | list[str]]:
        """
        Return the fields of a form that one of the person's own pages would send.
        """
        return {"csrf": csrf_of(person.get("/clusters").text), **fields}

    def create_client(self, name: str | None = None, *, presented: bool = True) -> Created:
        """
        Create a client without the console.
        """
        cluster = self.cluster
        name = name or f"client-{secrets.token_hex(4)}"
        new = NewClient(name, ("Zeebe", "Operate"), cluster.cluster_id, cluster.organisation_id, by="test")
        created = self.services.clients.create(new)
        assert isinstance(created, Created), created
        if presented:
            self.services.clients.mark_presented(created)
        return created

    def leave(self) -> None:
        for person in self._people:
            person.close()


@contextmanager
def served_console(data: Path, *, database: Database | None = None, secure: bool = False) -> Iterator[ServedConsole]:
    """
    Found an installation in `data` and serve its console; with `database` the console reads that one instead.
    """
    installation = open_installation(Settings(data=data), create=True)
    clock = Clock()
    used = database or installation.database
    operating = Operating.of(used, installation.master, installation.settings)
    services = ConsoleServices(
        clients=replace(
            installation.clients,
            store=SqlClientStore(used, LONGEST_LIFE),
            secrets=SqlSecretStore(used, LONGEST_LIFE),
        ),
        secrets=replace(installation.secrets, store=SqlSecretStore(used, LONGEST_LIFE)),
        clusters=replace(installation.clusters, store=SqlClusterStore(used, Seal(bytes(32)))),
        sign_in=replace(installation.sign_in, store=SqlAccountStore(used), now=clock),
        limits=operating.limits,
        explanations=operating.explanations,
        site=installation.site,
        secure_cookies=secure,
        csrf_key=secrets.token_bytes(32),
        is_demo=lambda cluster: cluster.name == "demo",
        silent_upstreams=silent_upstreams,
    )
    try:
        app = Starlette(routes=console(services), exception_handlers={404: show_missing})
        app.router.redirect_slashes = False  # as the service has it
        with _served(app) as url:
            served = ServedConsole(services, used, clock, url)
            try:
                yield served
            finally:
                served.leave()
    finally:
        installation.close()


@contextmanager
def _served(app: Starlette) -> Iterator[str]:
    # Port 0: the system chooses, so no other process can be there first.
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", ws="none", log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://localhost:{_port(server)}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def _port(server: uvicorn.Server) -> int:
    waiting = threading.Event()
    deadline = datetime.now(UTC) + timedelta(seconds=START_SECONDS)
    while not server.started:
        assert datetime.now(UTC) < deadline, "the console did not start"
        waiting.wait(0.01)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


def press(person: httpx.Client, path: str, **headers: str) -> httpx.Response:
    """
    Send a form that has no fields, as a browser does.
    """
    kind = {"content-type": "application/x-www-form-urlencoded"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return person.post(path, content=b"", headers=kind | named)


def csrf_of(html: str) -> str:
    """
    Return the token that a page's forms carry.
    """
    return field_of(html, "csrf")


def field_of(html: str, name: str) -> str:
    """
    Return the value of a page's hidden field.
    """
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, f"the page has no field {name}"
    return found[1]
