"""
From a revocation that is on disk to the refusal at the gateway, through the whole product.
"""

import base64
import http.client
import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert

from benchmarks.gateway.plan import MANY_REVOCATIONS
from benchmarks.gateway.ports import free_port, is_open
from benchmarks.gateway.processes import NotAvailable, stop, wait_for
from gatekey.server.app.installation import Installation, open_installation
from gatekey.server.clients.administration import Wish
from gatekey.server.clients.model import Created
from gatekey.server.issuing.revocation import Kind, Revocation
from gatekey.server.settings import read_settings
from gatekey.server.storage import tables
from gatekey.server.storage.database import touch_directory

GATEKEY = Path(sys.executable).with_name("gatekey")
GIVE_UP = 10.0
"""Seconds after which a revocation counts as never felt."""

POLL = 0.002
"""Seconds between two calls with a token that is revoked."""


@dataclass(frozen=True, slots=True)
class Delays:
    """
    Seconds until each revocation was felt; `known` is how many there were before.
    """

    known: int
    seconds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Service:
    installation: Installation
    token_url: str
    gateway_port: int


def measure_revoking(folder: Path, rest_port: int, count: int) -> list[Delays]:
    """
    Revoke tokens one by one and ask the gateway until it refuses: with none known, and with many.
    """
    with _service(folder, rest_port) as service:
        tokens = _tokens(service, 2 * count)
        few = _revoke_each(service, tokens[:count])
        _revoke_many(service.installation)
        _revoke_each(service, tokens[-1:])  # from now on the gateway knows the many
        many = _revoke_each(service, tokens[count:-1])
    return [Delays(0, few), Delays(MANY_REVOCATIONS, many)]


@contextmanager
def _service(folder: Path, rest_port: int) -> Iterator[_Service]:
    http_port, gateway_port = free_port(), free_port()
    settings = {
        "data": str(folder / "data"),
        "http": f"127.0.0.1:{http_port}",
        "gateway": f"127.0.0.1:{gateway_port}",
        "zeebe_rest": f"http://127.0.0.1:{rest_port}",
        "limit_rate": "1e6",
        "limit_burst": "1000000",
        "storm_shield": "0",
        "gateway_threads": "1",
    }
    variables = {f"GATEKEY_{name.upper()}": value for name, value in settings.items()}
    others = {name: value for name, value in os.environ.items() if not name.startswith("GATEKEY_")}
    with (folder / "gatekey.log").open("wb") as log:
        process = subprocess.Popen([str(GATEKEY), "serve"], env={**others, **variables}, stdout=log, stderr=log)
    try:
        wait_for(lambda: is_open(http_port) and is_open(gateway_port), "gatekey")
        installation = open_installation(read_settings({}, variables))
        try:
            yield _Service(installation, f"http://127.0.0.1:{http_port}/oauth/token", gateway_port)
        finally:
            installation.close()
    finally:
        stop(process)


def _tokens(service: _Service, count: int) -> list[str]:
    installation = service.installation
    cluster = installation.clusters.all()[0]
    wish = Wish("bench", ("Zeebe",), cluster.cluster_id, cluster.organisation_id, "bench")
    created = installation.clients.create(wish)
    if not isinstance(created, Created):
        raise NotAvailable(created.public)
    form = {
        "grant_type": "client_credentials",
        "client_id": created.client.client_id,
        "client_secret": created.secret.reveal(),
        "audience": "zeebe.camunda.io",
    }
    body = urllib.parse.urlencode(form).encode()
    tokens = []
    for _ in range(count):
        with urllib.request.urlopen(service.token_url, body, timeout=GIVE_UP) as answer:  # noqa: S310 - loopback
            tokens.append(str(json.load(answer)["access_token"]))
    return tokens


def _revoke_each(service: _Service, tokens: Sequence[str]) -> tuple[float, ...]:
    connection = http.client.HTTPConnection("127.0.0.1", service.gateway_port, timeout=GIVE_UP)
    try:
        return tuple(_revoke(service.installation, connection, token) for token in tokens)
    finally:
        connection.close()


def _revoke(installation: Installation, connection: http.client.HTTPConnection, token: str) -> float:
    if _status(connection, token) != http.client.OK:
        raise NotAvailable("the token did not open the gateway before it was revoked")
    now = time.time()
    token_id = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["jti"]
    installation.revocations.revoke(Revocation(Kind.TOKEN, token_id, int(now) + 1, now + 3600), by="bench", at=now)
    begin = time.monotonic()
    while _status(connection, token) != http.client.UNAUTHORIZED:
        if time.monotonic() - begin > GIVE_UP:
            raise NotAvailable(f"a revocation was not felt within {GIVE_UP:.0f} s")
        time.sleep(POLL)
    return time.monotonic() - begin


def _status(connection: http.client.HTTPConnection, token: str) -> int:
    connection.request("GET", "/v2/topology", headers={"authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _revoke_many(installation: Installation) -> None:
    until = time.time() + 3600
    rows = [
        {"kind": Kind.TOKEN.value, "subject": f"earlier-{number}", "before": 1, "until": until}
        for number in range(MANY_REVOCATIONS)
    ]
    with installation.database.writing() as connection:
        connection.execute(insert(tables.revocation), rows)
        touch_directory(connection)
