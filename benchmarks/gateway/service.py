"""
The whole product as a process of its own, and tokens from it.
"""

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway.ports import free_port, is_open
from benchmarks.gateway.processes import NotAvailable, stop, wait_for
from gatekey.server.clients.administration import NewClient
from gatekey.server.clients.model import Created
from gatekey.server.run.installation import Installation, open_installation
from gatekey.server.settings import read_settings

GATEKEY = Path(sys.executable).with_name("gatekey")
GIVE_UP = 10.0
"""Seconds after which an answer, or a revocation, counts as never come."""


@dataclass(frozen=True, slots=True)
class Service:
    """
    A running product: its installation, the ports of service and gateway, its first process.
    """

    installation: Installation
    http_port: int
    gateway_port: int
    pid: int

    @property
    def cluster_id(self) -> str:
        """
        The id of its only cluster.
        """
        return self.installation.clusters.all()[0].cluster_id

    def tokens(self, count: int) -> list[str]:
        """
        Ask for tokens of a new client, each different.
        """
        cluster = self.installation.clusters.all()[0]
        created = self.installation.clients.create(
            NewClient("bench", ("Zeebe",), cluster.cluster_id, cluster.organisation_id, "bench")
        )
        if not isinstance(created, Created):
            raise NotAvailable(created.public)
        form = {
            "grant_type": "client_credentials",
            "client_id": created.client.client_id,
            "client_secret": created.secret.reveal(),
            "audience": "zeebe.camunda.io",
        }
        body = urllib.parse.urlencode(form).encode()
        return [self._token(body) for _ in range(count)]

    def _token(self, body: bytes) -> str:
        url = f"http://127.0.0.1:{self.http_port}/oauth/token"
        with urllib.request.urlopen(url, body, timeout=GIVE_UP) as answer:
            return str(json.load(answer)["access_token"])


@contextmanager
def running_service(folder: Path, *, with_gateway: bool = True, **settings: str) -> Iterator[Service]:
    """
    Run it with its data in `folder`; `settings` beside those of a benchmark. Raises `NotAvailable`.
    """
    folder.mkdir()
    http_port, gateway_port = free_port(), free_port()
    usual = {
        "data": str(folder / "data"),
        "http": f"127.0.0.1:{http_port}",
        "gateway": f"127.0.0.1:{gateway_port}",
        "limit_rate": "1e6",
        "limit_burst": "1000000",
        "storm_shield": "0",
        "gateway_threads": "1",
    }
    variables = {f"GATEKEY_{name.upper()}": value for name, value in {**usual, **settings}.items()}
    others = {name: value for name, value in os.environ.items() if not name.startswith("GATEKEY_")}
    command = [str(GATEKEY), "serve", *([] if with_gateway else ["--no-gateway"])]
    with (folder / "gatekey.log").open("wb") as log:
        process = subprocess.Popen(command, env={**others, **variables}, stdout=log, stderr=log)
    try:
        wait_for(lambda: is_open(http_port) and (not with_gateway or is_open(gateway_port)), "gatekey")
        installation = open_installation(read_settings({}, variables))
        try:
            yield Service(installation, http_port, gateway_port, process.pid)
        finally:
            installation.close()
    finally:
        stop(process)
