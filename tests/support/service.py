"""
An installation without a process around it, and HTTP as unfriendly clients speak it.
"""

import atexit
import base64
import http.client
import json
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from gatekey.server.clients.administration import NewClient
from gatekey.server.clients.model import Created
from gatekey.server.clusters.model import Cluster
from gatekey.server.events.model import Event
from gatekey.server.events.ports import Observer
from gatekey.server.limits.limits import Limits
from gatekey.server.limits.model import LimitPolicy
from gatekey.server.limits.shared import SharedLimiter
from gatekey.server.run.compose import compose, make_limits, open_directory
from gatekey.server.run.http.fast_path import TokenProtocol
from gatekey.server.run.http.proxied import ProxiedServer
from gatekey.server.run.http.server import BoundedProtocol, HttpServer, http_server
from gatekey.server.run.installation import Installation, open_installation
from gatekey.server.run.limits.limiters import make_limiter
from gatekey.server.settings import Settings
from gatekey.server.storage.stores.account_store import SqlPeopleStore
from gatekey.server.storage.stores.audit_log import SqlAuditLog
from gatekey.server.storage.stores.client_store import SqlClientStore
from gatekey.server.storage.stores.cluster_store import SqlClusterStore
from gatekey.server.storage.stores.secret_store import SqlSecretStore
from gatekey.server.vault.sealing import Seal

PROTOCOLS = [pytest.param(BoundedProtocol, id="asgi"), pytest.param(TokenProtocol, id="fast-path")]
"""The two ways of a token request: through ASGI, and the short one. All that is told of one is true of the other."""

LONGEST_LIFE = timedelta(days=30)
"""Of tokens, as by default."""

LIMIT_CAPACITY = 4096
"""Addresses; a smaller table than the service's, quickly made."""

FIRST_BYTE_SECONDS = 10.0
"""How long the first byte of an answer is waited for where silence is an answer, too."""

PATIENCE = 30.0
"""Seconds: a bound against hanging, not an expectation."""

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}


MAKING = threading.Lock()
"""Alembic's context is one for all threads of a process, so only one of them makes the template."""


@contextmanager
def installed(folder: Path, **settings: Any) -> Iterator[Installation]:
    """
    Open a new installation in `folder`. All have the same signing key and first cluster: making them takes long.
    """
    with MAKING:
        template = _template()
    shutil.copytree(template, folder)
    with closing(open_installation(Settings(data=folder, **settings))) as installation:
        yield installation


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gatekey-template-"))
    atexit.register(shutil.rmtree, folder)
    open_installation(Settings(data=folder / "data"), create=True).close()
    return folder / "data"


def add_client(
    installation: Installation, name: str = "a-client", scopes: tuple[str, ...] = ("Zeebe",), cluster_id: str = ""
) -> Created:
    """
    Create a client of the installation's first cluster, or of the one named.
    """
    cluster = installation.clusters.all()[0]
    created = installation.clients.create(
        NewClient(name, scopes, cluster_id or cluster.cluster_id, cluster.organisation_id, "test")
    )
    assert isinstance(created, Created)
    return created


@dataclass(frozen=True)
class Reply:
    """
    One HTTP answer, whole; header names are in lower case.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Caller:
    """
    A machine that calls the service at `port`, from its own loopback address.
    """

    port: int
    address: str = "127.0.0.1"

    def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | Iterator[bytes] | None = None
    ) -> Reply:
        """
        Send one request on a connection of its own; redirects are not followed.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, PATIENCE, source_address=(self.address, 0))
        with closing(connection):
            chunked = body is not None and not isinstance(body, bytes)
            connection.request(method, path, body, headers or {}, encode_chunked=chunked)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, named, answer.read())

    def ask_token(self, form: dict[str, str], headers: dict[str, str] | None = None) -> Reply:
        """
        Send a token request as a form.
        """
        return self.call("POST", "/oauth/token", {**FORM, **(headers or {})}, urlencode(form).encode())

    def say(self, text: bytes, *, silence: float | None = None) -> bytes:
        """
        Send bytes as they are; return one whole answer, or what came until the other side closed or fell silent.
        """
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE, (self.address, 0)) as connection:
            said = b""
            with suppress(ConnectionError):  # refused before all was sent: the answer may be there all the same
                connection.sendall(text)
            # Who has begun to answer goes on at once; the first byte may take longer on a busy machine.
            connection.settimeout(silence or FIRST_BYTE_SECONDS)
            with suppress(TimeoutError, ConnectionError):
                while not _is_whole(said) and (chunk := connection.recv(65_536)):
                    said += chunk
                    connection.settimeout(silence or 0.5)
            return said


def _is_whole(answer: bytes) -> bool:
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, blank, body = answer.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
    ]
    return bool(blank and lengths) and len(body) >= lengths[0]


class Memory:
    """
    An `Observer` that keeps what it is told.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, event: Event) -> None:
        self.events.append(event)


@dataclass(frozen=True)
class Service:
    """
    A running service in a thread of this process: as the real one, without gateway and command line.
    """

    installation: Installation
    port: int
    events: list[Event]
    limits: Limits

    @property
    def url(self) -> str:
        return self.installation.site.public_url

    @property
    def caller(self) -> Caller:
        return Caller(self.port)


def host_limiter(policy: LimitPolicy, clock: Callable[[], int]) -> SharedLimiter:
    """Return the limiter of a host over a table of its own, whose file has no name any more."""
    with tempfile.TemporaryDirectory(prefix="gatekey-limits-") as folder:
        path = Path(folder) / "table"
        SharedLimiter.create(path, LIMIT_CAPACITY)
        return SharedLimiter.open(path, policy, clock)


def open_limits(installation: Installation, observer: Observer) -> Limits:
    """Return the limits of an installation, over the table in its folder."""
    SharedLimiter.create(installation.folder.limits_path, LIMIT_CAPACITY)
    limiter = make_limiter(installation.settings, installation.master, observer, installation.folder.limits_path)
    return make_limits(installation.settings, limiter)


@contextmanager
def served(folder: Path, protocol: type[BoundedProtocol] = TokenProtocol, **settings: Any) -> Iterator[Service]:
    """
    Serve a new installation on loopback; nothing is limited unless the settings say so.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    port: int = listening.getsockname()[1]
    usual = {"public_url": f"http://localhost:{port}", "limit_rate": 1e6, "limit_burst": 1_000_000}
    with listening, installed(folder, **{**usual, **settings}) as installation:
        memory = Memory()
        limits = open_limits(installation, memory)
        kind = ProxiedServer if installation.settings.proxy_protocol else HttpServer
        server = http_server(compose(installation, open_directory(installation), memory, limits), protocol, server=kind)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            eventually(lambda: server.started)
            yield Service(installation, port, memory.events, limits)
        finally:
            server.end()
            thread.join(PATIENCE)


@dataclass(frozen=True)
class Stores:
    """
    Every store over one database that holds an organisation and the cluster `cluster`.
    """

    clients: SqlClientStore
    secrets: SqlSecretStore
    clusters: SqlClusterStore
    people: SqlPeopleStore
    audit: SqlAuditLog
    cluster: Cluster
    raw: Callable[[], bytes]
    """All bytes that the database has on disk."""


@contextmanager
def sqlite_stores(folder: Path) -> Iterator[Stores]:
    """
    Open new stores over SQLite.
    """
    with installed(folder) as installation:
        yield Stores(
            clients=SqlClientStore(installation.database, LONGEST_LIFE),
            secrets=SqlSecretStore(installation.database, LONGEST_LIFE),
            clusters=SqlClusterStore(installation.database, Seal(installation.master.derive("storage"))),
            people=SqlPeopleStore(installation.database),
            audit=SqlAuditLog(installation.database),
            cluster=installation.clusters.all()[0],
            raw=lambda: b"".join(path.read_bytes() for path in folder.glob("gatekey.db*")),
        )


ADAPTERS = [sqlite_stores]
"""What every contract is run against."""


def basic(user: str, secret: str) -> str:
    """
    Return the value of an `Authorization` header with HTTP Basic (RFC 7617).
    """
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def eventually(what: Callable[[], object]) -> None:
    """
    Poll until `what` is true; fail after `PATIENCE` seconds.
    """
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def files_that_hold(texts: list[str], folder: Path) -> list[str]:
    """
    Return the files below `folder` whose bytes contain one of the texts.
    """
    wanted = [text.encode() for text in texts]
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(text in path.read_bytes() for text in wanted)
    ]
