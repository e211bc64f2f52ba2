"""
A gateway and a cluster that tests may kill, with a real worker that has to live through it.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from real.applications import PROCESS
from real.calls import finished_instance
from real.tokens import access_token
from support.clients import Application
from support.demo import RunningDemo, demo_cluster
from support.ports import free_port
from support.processes import children
from support.product import Product, running_product

STOPPING_SECONDS = 30.0

STREAM_LIFE = 20
"""
Seconds that a stream lasts here at most: long enough for the tests that need one whole, short enough to be waited for.
"""


@dataclass
class Disturbed:
    """
    A running installation with its own cluster.
    """

    product: Product
    folder: Path
    addresses: tuple[str, str]
    _running: ExitStack = field(default_factory=ExitStack)
    _cluster: RunningDemo | None = None

    def start_cluster(self) -> None:
        """
        Start the cluster: at its old address, and with nothing of what it knew.
        """
        self._cluster = self._running.enter_context(demo_cluster(self.addresses))

    def kill_cluster(self) -> None:
        """
        End the cluster at once.
        """
        if self._cluster is not None:
            self._cluster.kill()
        self._running.close()

    def envoy(self) -> int | None:
        """
        The process id of the running Envoy; None while there is none.
        """
        assert self.product.process is not None
        running = children(self.product.process.pid)
        return next((process_id for line, process_id in running.items() if "envoy" in line), None)

    def client(self, name: str) -> Path:
        """
        The credentials file of a new client.
        """
        file = self.folder / f"{name}.env"
        self.product.cli("clients", "create", name, "--cluster", "local", "--scopes", "Zeebe", "--output", str(file))
        return file

    def token(self, name: str) -> str:
        """
        A token of a new client.
        """
        return access_token(self.client(name))

    def has_work_done(self, token: str, worker: str) -> bool:
        """
        Start an instance and wait until the worker of this job type completed its job. Raises grpc.RpcError.
        """
        return bool(finished_instance(self.product.gateway, token, PROCESS, {"worker": worker, "name": "x"}))


@contextmanager
def disturbed(folder: Path) -> Iterator[Disturbed]:
    """
    Start a cluster and Gatekey in front of it, with short-lived streams.
    """
    grpc, rest = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    with running_product(
        folder / "data",
        zeebe_grpc=grpc,
        zeebe_rest=f"http://{rest}",
        stream_life=STREAM_LIFE,
        log_level="debug",
        limit_rate=1000,
        limit_burst=1000,
    ) as product:
        stand = Disturbed(product, folder, (grpc, rest))
        try:
            stand.start_cluster()
            yield stand
        finally:
            stand.kill_cluster()


@contextmanager
def working(application: Application, command: tuple[str | Path, ...], **variables: str) -> Iterator[list[str]]:
    """
    Run a worker until the block ends; yields the lines that it prints, as they come.
    """
    said: list[str] = []
    process = subprocess.Popen(
        application.sourced(*command),
        env=application.environment(**variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None

    def read(lines: Iterator[str]) -> None:
        said.extend(line.rstrip("\n") for line in lines)

    reader = threading.Thread(target=read, args=(process.stdout,))
    reader.start()
    try:
        yield said
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        reader.join(STOPPING_SECONDS)
        process.stdout.close()
