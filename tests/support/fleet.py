"""
Gateways on other machines, as far as one machine can have them: Envoys of their own, started from printed bootstraps.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatekey.server.gateway.runner.envoy import find_envoy
from support.caller import Caller
from support.ports import free_port
from support.product import Product

STOP_SECONDS = 30.0


@dataclass
class RemoteGateway:
    """
    An Envoy that runs `bootstrap`; what it writes about calls is in `calls`, what about itself in `log`.
    """

    bootstrap: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def calls(self) -> Path:
        return self.bootstrap.with_suffix(".calls")

    @property
    def log(self) -> Path:
        return self.bootstrap.with_suffix(".log")

    def start(self) -> None:
        with self.calls.open("ab") as calls, self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(find_envoy(), "--config-path", self.bootstrap, "--disable-hot-restart"),
                    *("--concurrency", "1", "--log-level", "warning", "--file-flush-interval-msec", "100"),
                ],
                stdout=calls,
                stderr=log,
            )

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(STOP_SECONDS)
            self.process = None

    def call(self, token: str, path: str = "/v2/topology") -> tuple[int, Any]:
        """
        Make a REST call; returns 0 where nobody listens.
        """
        try:
            answer = Caller(self.port).call("GET", path, {"authorization": f"Bearer {token}"})
        except OSError:
            return 0, None
        return answer.status, answer.document

    def status(self, token: str) -> int:
        return self.call(token)[0]


@contextmanager
def remote_gateway(product: Product, folder: Path, name: str, *options: str) -> Iterator[RemoteGateway]:
    """
    Start an Envoy from what `gatekey gateway bootstrap` writes for it.
    """
    port, bootstrap = free_port(), folder / f"{name}.json"
    product.cli(
        *("gateway", "bootstrap", "--listen", f"127.0.0.1:{port}", "--name", name, "--output", str(bootstrap)), *options
    )
    gateway = RemoteGateway(bootstrap, port)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()
