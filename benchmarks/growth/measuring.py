"""
A real service over a seeded folder, asked by plain sockets.
"""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.growth.seeding import Amounts, Credentials, seed
from gatekey.server.clients.administration import NewClient
from gatekey.server.run.installation import Installation, open_installation
from gatekey.server.settings import Settings
from gatekey.server.tokens.revocation import Kind, Revocation

CONNECTIONS = 8
"""Asked in turns: the server finds up to so many requests at once."""

CHANGES = 15

ROUNDS = 3
"""Of starts and of load; the best counts, because others use the machine too."""

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Measured:
    """
    Seconds and bytes; `after` is of each change the next request, and the slowest one of the half second after it.

    Rates are tokens per second of CPU time: of one client that asks again and again, and of up to a thousand in turn.
    """

    start: float
    start_cpu: float
    memory: int
    after: tuple[tuple[float, float], ...]
    one: float
    many: float

    @property
    def next(self) -> float:
        """
        The median of the next requests after a change.
        """
        return statistics.median(following for following, _ in self.after)

    @property
    def slowest(self) -> float:
        """
        The median of the slowest requests soon after a change.
        """
        return statistics.median(slowest for _, slowest in self.after)


def measure(folder: Path, amounts: Amounts, seconds: float) -> Measured:
    """
    Seed a new folder, start the service over it, and ask.
    """
    port = _free_port()
    settings = Settings(data=folder, token_algorithm="ES256")  # noqa: S106 - the name of an algorithm
    with closing(open_installation(settings, create=True)) as installation:
        askers = seed(installation, amounts)
        starts = [_start(folder, port) for _ in range(ROUNDS - 1)]
        with _running(folder, port) as (process, last), _connections(port) as connections:
            one = _rate(process, connections, askers[:1], seconds)
            many = _rate(process, connections, askers, seconds)
            after = tuple(
                _after(change, connections[0], askers[0]) for change in islice(cycle(_changes(installation)), CHANGES)
            )
            start, cpu = (min(each) for each in zip(*starts, last, strict=True))
            return Measured(start, cpu, _memory(process), after, one, many)


def _start(folder: Path, port: int) -> tuple[float, float]:
    with _running(folder, port) as (_, took):
        return took


def _changes(installation: Installation) -> list[Callable[[int], object]]:
    cluster = installation.clusters.all()[0]

    def create(number: int) -> object:
        new = NewClient(f"late-{number}", ("Zeebe",), cluster.cluster_id, cluster.organisation_id, "bench")
        return installation.clients.create(new)

    def revoke(number: int) -> object:
        now = time.time()
        revocation = Revocation(Kind.TOKEN, f"late-{number}", 1, now + 3600)
        installation.revocations.revoke(revocation, by="bench", at=now)
        return revocation

    def add_cluster(number: int) -> object:
        return installation.clusters.create(f"late-{number}", "local", "a:1", "http://a:2", by="bench")

    return [create, revoke, add_cluster]


def _after(change: Callable[[int], object], connection: socket.socket, asker: Credentials) -> tuple[float, float]:
    change(time.monotonic_ns())
    took: list[float] = []
    end = time.monotonic() + 0.5
    while (begin := time.monotonic()) < end:
        _ask(connection, asker)
        _hear(connection)
        took.append(time.monotonic() - begin)
        time.sleep(0.002)
    return took[0], max(took)


def _rate(
    process: "subprocess.Popen[bytes]",
    connections: Sequence[socket.socket],
    askers: Sequence[Credentials],
    seconds: float,
) -> float:
    """
    Return tokens per second of the server's CPU time: the load generator's own speed does not count.
    """
    turn = cycle(askers)
    for _ in range(2 * max(CONNECTIONS, len(askers)) // CONNECTIONS):
        _ask_all(connections, turn)
    rates = []
    for _ in range(ROUNDS):
        before, end, tokens = _cpu(process), time.monotonic() + seconds / ROUNDS, 0
        while time.monotonic() < end:
            _ask_all(connections, turn)
            tokens += len(connections)
        rates.append(tokens / (_cpu(process) - before))
    return max(rates)


def _ask_all(connections: Sequence[socket.socket], turn: Iterator[Credentials]) -> None:
    for connection in connections:
        _ask(connection, next(turn))
    for connection in connections:
        _hear(connection)


def _ask(connection: socket.socket, asker: Credentials) -> None:
    form = urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": asker[0],
            "client_secret": asker[1],
            "audience": "zeebe.camunda.io",
        }
    ).encode()
    connection.sendall(
        b"POST /oauth/token HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n"
        b"content-length: %d\r\n\r\n%b" % (len(form), form)
    )


def _hear(connection: socket.socket) -> None:
    answer = connection.recv(65_536)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"no token: {answer[:200]!r}")


@contextmanager
def _running(folder: Path, port: int) -> "Iterator[tuple[subprocess.Popen[bytes], tuple[float, float]]]":
    given = {
        "data": str(folder),
        "http": f"localhost:{port}",
        "token_algorithm": "ES256",
        "storm_shield": "0",
        "limit_rate": "1000000",
        "limit_burst": "1000000",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEKEY_")}
    environment |= {f"GATEKEY_{name.upper()}": value for name, value in given.items()}
    command = [sys.executable, "-c", "from gatekey.cli import main; main()", "serve", "--no-gateway"]
    begin = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _is_ready(port):
            if process.poll() is not None:
                raise RuntimeError("the service did not start")
            time.sleep(0.01)
        yield process, (time.monotonic() - begin, _cpu(process))
    finally:
        process.terminate()
        process.wait()


def _is_ready(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            return connection.recv(1024).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


@contextmanager
def _connections(port: int) -> Iterator[list[socket.socket]]:
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    try:
        for connection in connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connections
    finally:
        for connection in connections:
            connection.close()


def _cpu(process: "subprocess.Popen[bytes]") -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory(process: "subprocess.Popen[bytes]") -> int:
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not tell the memory of a process")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
