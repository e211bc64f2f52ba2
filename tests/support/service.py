"""
An installation without a process around it, and HTTP as unfriendly clients speak it.
"""

import atexit
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

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
from gatekey.server.storage.stores.account_store import SqlAccountStore
from gatekey.server.storage.stores.audit_log import SqlAuditLog
from gatekey.server.storage.stores.client_store import SqlClientStore
from gatekey.server.storage.stores.cluster_store import SqlClusterStore
from gatekey.server.storage.stores.secret_store import SqlSecretStore
from gatekey.server.vault.sealing import Seal
from support.caller import FORM, JSON, Caller, Reply, basic
from support.waiting import PATIENCE
from support.waiting import wait_until as eventually

__all__ = ["FORM", "JSON", "PATIENCE", "Caller", "Reply", "basic", "eventually"]  # who asks a service needs them too

PROTOCOLS = [pytest.param(BoundedProtocol, id="asgi"), pytest.param(TokenProtocol, id="fast-path")]
"""The two ways of a token request: through ASGI, and the short one. All that is told of one is true of the other."""

LONGEST_LIFE = timedelta(days=30)
"""Of tokens, as by default."""

LIMIT_CAPACITY = 4096
"""Addresses; a smaller table than the service's, quickly made."""

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
    accounts: SqlAccountStore
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
            accounts=SqlAccountStore(installation.database),
            audit=SqlAuditLog(installation.database),
            cluster=installation.clusters.all()[0],
            raw=lambda: b"".join(path.read_bytes() for path in folder.glob("gatekey.db*")),
        )


ADAPTERS = [sqlite_stores]
"""What every contract is run against."""


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
