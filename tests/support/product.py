"""
A really running Gatekey: the command line's own process, on free ports, with a data folder of its own.
"""

import http.client
import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from gatekey.server.gateway.policy.rules import GATEWAY_HEALTH
from support.caller import Caller
from support.command import GATEKEY, run_command
from support.ports import free_port
from support.serving import Serving, start_serving

__all__ = ["GATEKEY", "Product", "running_product"]

START_SECONDS = 60.0
"""A bound against hanging, not an expectation: on a busy machine Envoy alone may take many seconds."""

STOP_SECONDS = 30.0

SERVICE_READY = "/health/ready"
AGENT = "a-program/1"
PROBE = "127.0.255.1"
"""An address that no test makes a trusted proxy."""


@dataclass
class Product:
    """
    One running (or stopped) installation; `http` is a URL, `gateway` is host:port, `data` the data folder.
    """

    data: Path
    http_port: int = field(default_factory=free_port)
    gateway_port: int = field(default_factory=free_port)
    with_gateway: bool = True
    preloaded: bool = True
    """Whether a start need not import first; only a first start as people have it does."""

    settings: dict[str, str] = field(default_factory=dict)
    process: Serving | subprocess.Popen[str] | None = None
    _last: Serving | None = None

    @property
    def printed(self) -> str:
        """
        What the last start has written to standard output until now.
        """
        return self._last.printed if self._last else ""

    @property
    def errors(self) -> str:
        """
        The same for standard error.
        """
        return self._last.errors if self._last else ""

    @property
    def http(self) -> str:
        return f"http://localhost:{self.http_port}"

    @property
    def gateway(self) -> str:
        return f"localhost:{self.gateway_port}"

    @property
    def token_url(self) -> str:
        return f"{self.http}/oauth/token"

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GATEKEY_")}
        return {
            **clean,
            "GATEKEY_DATA": str(self.data),
            "GATEKEY_HTTP": f"localhost:{self.http_port}",
            "GATEKEY_GATEWAY": self.gateway,
            "GATEKEY_GATEWAY_THREADS": "1",
            "GATEKEY_DEMO": "off",
            **{f"GATEKEY_{name.upper()}": str(value) for name, value in self.settings.items()},
        }

    def cli(self, *arguments: str, check: bool = True, input: str | None = None) -> subprocess.CompletedProcess[str]:  # noqa: A002 - subprocess's own word
        """
        Run `gatekey …` against this installation, in this process.
        """
        done = run_command(*arguments, environment=self.environment, stdin=input or "")
        if check:
            assert done.returncode == 0, f"gatekey {arguments[0]} exited with {done.returncode}: {done.stderr}"
        return done

    def start_in_vain(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """
        Run `gatekey serve`, which is to end by itself, in a process of its own.
        """
        return subprocess.run(
            [str(GATEKEY), "serve", *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    def start(self) -> None:
        """
        Start `gatekey serve` and wait until it is ready: the service, the gateway, and what a start prints.
        """
        assert self.process is None
        arguments = [] if self.with_gateway else ["--no-gateway"]
        process = start_serving(arguments, self.environment, preloaded=self.preloaded)
        self.process = self._last = process
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"gatekey serve did not become ready:\n{self.printed}\n{self.errors}")
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        secure = self.settings.get("tls", "off") != "off"
        places = {self.environment["GATEKEY_HTTP"]: SERVICE_READY}
        if self.with_gateway:
            places[self.environment["GATEKEY_GATEWAY"]] = GATEWAY_HEALTH
        return all(_is_well(place, path, secure=secure) for place, path in places.items()) and bool(self.printed)

    def stop(self) -> int:
        """
        End it as Ctrl-C does and return the exit code.
        """
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(STOP_SECONDS)
        self.process = None
        return code

    def kill(self) -> None:
        """
        End it as `kill -9` does.
        """
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            self.process = None

    def sign_in_link(self) -> str:
        """
        Return a fresh link into the console.
        """
        url: str = json.loads(self.cli("sign-in", "--json").stdout)["url"]
        return url

    def create_client(self, name: str, scopes: str = "Zeebe", cluster: str = "local") -> dict[str, Any]:
        """
        Create an API client and return `name`, `clientId`, `clientSecret`, `permissions`.
        """
        done = self.cli("clients", "create", name, "--cluster", cluster, "--scopes", scopes, "--json")
        created: dict[str, Any] = json.loads(done.stdout)
        return created

    def ask_token(self, client_id: str, secret: str, audience: str = "zeebe.camunda.io") -> tuple[int, dict[str, Any]]:
        """
        Ask for a token; returns status and JSON body.
        """
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            "audience": audience,
        }
        answer = Caller(self.http_port).ask_token(form, {"user-agent": AGENT})
        return answer.status, answer.document

    def token(self, scopes: str = "Zeebe", audience: str = "zeebe.camunda.io", name: str = "a-client") -> str:
        """
        Return a token of a new client.
        """
        created = self.create_client(name, scopes)
        status, body = self.ask_token(created["clientId"], created["clientSecret"], audience)
        assert status == 200, body
        token: str = body["access_token"]
        return token


def _is_well(place: str, path: str, *, secure: bool) -> bool:
    host, port = place.replace("localhost", "127.0.0.1").split(":")
    trusting = ssl._create_unverified_context() if secure else None  # noqa: S323, SLF001 - other tests check certificates
    try:
        return Caller(int(port), PROBE, host, trusting).call("GET", path).status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False


@contextmanager
def running_product(data: Path, *, with_gateway: bool = True, **settings: object) -> Iterator[Product]:
    """
    Start a product and end it afterwards; `settings` are GATEKEY_* variables in lower case.
    """
    product = Product(data, with_gateway=with_gateway, settings={name: str(value) for name, value in settings.items()})
    product.start()
    try:
        yield product
    finally:
        if product.process is not None:
            product.stop()
