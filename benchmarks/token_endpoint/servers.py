"""
The servers of the rows: started, made ready, and shown to issue what the row says before anything is measured.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.token_endpoint.processes import NotAvailable, Tree, clean_environment, has_ifma, start
from benchmarks.token_endpoint.requests import Credentials, Reply, ask, get, post
from benchmarks.token_endpoint.rows import NEUTRAL, Row, Service
from benchmarks.token_endpoint.signatures import check_token
from gatekey.server.settings import Settings

GATEKEY = Path(sys.executable).with_name("gatekey")
PROGRAMS = Path(__file__).with_name("peers")
START_SECONDS = 30.0
POLL_SECONDS = 0.002
TRIES = 200
"""Requests within which a limited address must be refused, and twice the same token be seen."""

PEER_CLIENT = Credentials("bench", "a-secret-of-the-benchmark-only-0123456789abcdef0123456789abcdef")
"""What stands in the peers' programs."""

KEYS_PATH = {Service.GATEKEY: "/.well-known/jwks.json"}
PEER_KEYS_PATH = "/jwks"


@dataclass(frozen=True, slots=True)
class Peers:
    """
    Where the peers are installed: an environment for Python, a folder with node_modules. None where one is missing.
    """

    python: Path | None
    node: Path | None


@dataclass(frozen=True, slots=True)
class Server:
    """
    A started server.
    """

    row: Row
    port: int
    tree: Tree
    folder: Path

    def wait_until_open(self) -> None:
        """
        Wait until connections are taken. Raises `NotAvailable` when the process ends or takes too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self.tree.has_ended():
                    raise NotAvailable(self.tree.last_words()) from None
                if time.monotonic() > deadline:
                    raise NotAvailable(f"not ready after {START_SECONDS:.0f} s") from None
                time.sleep(POLL_SECONDS)
            else:
                return

    def create_client(self, name: str) -> Credentials:
        """
        Create a client of Gatekey by its own command line.
        """
        scope = ("--cluster", "local", "--scopes", "Zeebe", "--json")
        told = json.loads(self._gatekey("clients", "create", name, *scope))
        return Credentials(told["clientId"], told["clientSecret"])

    def delete_client(self, client: Credentials) -> None:
        """
        Delete it again.
        """
        self._gatekey("clients", "delete", client.client_id, "--yes")

    def _gatekey(self, *words: str) -> str:
        environment = {**clean_environment(), "GATEKEY_DATA": str(self.folder)}
        done = subprocess.run(
            [str(GATEKEY), *words], env=environment, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        if done.returncode:
            raise NotAvailable(f"gatekey {' '.join(words[:2])} failed: {done.stderr.strip()}")
        return done.stdout

    def prove(self, client: Credentials) -> None:
        """
        Raise `NotAvailable` unless the server does what its row says.
        """
        if self.row.status != 200:
            if not any(ask(self.port, post(client)).status == self.row.status for _ in range(TRIES)):
                raise NotAvailable(f"{TRIES} requests brought no {self.row.status}")
            return
        path = KEYS_PATH.get(self.row.service, PEER_KEYS_PATH)
        keys = ask(self.port, get(path)).json().get("keys")
        token = _token(ask(self.port, post(client)))
        algorithm = check_token(token, keys if isinstance(keys, list) else [])
        if algorithm != self.row.algorithm:
            raise NotAvailable(f"its tokens are signed by {algorithm}")
        # Twice, because a window of the shield may end between two requests.
        others = [_token(ask(self.port, post(client))) for _ in range(2)]
        if (others[0] in {token, others[1]}) is not self.row.repeats:
            raise NotAvailable("the same token again" if not self.row.repeats else "another token each time")


def _token(reply: Reply) -> str:
    token = reply.json().get("access_token")
    if not isinstance(token, str):
        raise NotAvailable(f"the answer is {reply.status}: {reply.body[:200].decode(errors='replace')}")
    return token


def launch(row: Row, folder: Path, cores: Sequence[int], peers: Peers) -> Server:
    """
    Start the server of a row with `folder` for its data. Raises `NotAvailable` where it cannot even be started.
    """
    if row.processor and not has_ifma():
        raise NotAvailable("this processor has none anyway: see the row above")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    port = free_port()
    match row.service:
        case Service.GATEKEY:
            command, settings = [str(GATEKEY), "serve", "--no-gateway"], _settings(row, folder / "data", port)
            tree = start(command, cores, folder / "log", {**settings, **row.processor})
            return Server(row, port, tree, folder / "data")
        case Service.NODE:
            if peers.node is None:
                raise NotAvailable("MISSING: could not be installed here")
            command = ["node", "server.mjs", str(port), row.algorithm]
            return Server(row, port, start(command, cores, folder / "log", {}, peers.node), folder)
        case Service.AUTHLIB:
            return _launch_python(row, folder, cores, peers, port, "authlib_server:app", threads=1)
        case Service.DJANGO:
            return _launch_python(row, folder, cores, peers, port, "django_server:app", threads=4)


def _launch_python(  # noqa: PLR0913, PLR0917 - a server has these parts
    row: Row, folder: Path, cores: Sequence[int], peers: Peers, port: int, program: str, *, threads: int
) -> Server:
    """
    Start a WSGI program; `threads` is what served each of them best. Its sync workers keep no connection alive.
    """
    if peers.python is None:
        raise NotAvailable("MISSING: could not be installed here")
    options = f"--workers 1 --worker-class gthread --threads {threads} --no-control-socket".split()
    command = [str(peers.python / "bin" / "gunicorn"), program, "--bind", f"127.0.0.1:{port}", *options]
    settings = {"ALGORITHM": row.algorithm, "DATABASE": str(folder / "database")}
    return Server(row, port, start(command, cores, folder / "log", settings, PROGRAMS / "python"), folder)


def _settings(row: Row, data: Path, port: int) -> dict[str, str]:
    known = Settings.model_fields.keys()
    unknown = sorted(row.settings.keys() - known)
    if unknown:
        raise NotAvailable(f"this version has no GATEKEY_{unknown[0].upper()}")
    own = {name: value for name, value in NEUTRAL.items() if name in known} | dict(row.settings)
    fixed = {"data": str(data), "http": f"127.0.0.1:{port}"}
    return {f"GATEKEY_{name.upper()}": value for name, value in {**own, **fixed}.items()}


def free_port() -> int:
    """
    Return a port that nobody listens on now.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
