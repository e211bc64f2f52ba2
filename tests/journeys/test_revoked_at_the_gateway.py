"""
What an operator revokes opens nothing at the gateway a moment later, whatever else happens to be down.
"""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.gateway import RestUpstream
from support.product import Product, running_product

PATIENCE = 20.0


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with (
        RestUpstream("zeebe") as upstream,
        running_product(
            tmp_path / "data", zeebe_rest=f"http://{upstream.address}", workers=2, limit_rate=1000, limit_burst=1000
        ) as product,
    ):
        yield product


def call(product: Product, token: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://{product.gateway}/v2/topology")
    request.add_header("authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)["upstream"]
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)["detail"]


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def new_token(product: Product, client: dict[str, str]) -> str:
    status, body = product.ask_token(client["clientId"], client["clientSecret"])
    assert status == 200, body
    return str(body["access_token"])


def children(process_id: int) -> dict[str, int]:
    """The processes that a process started, by a word of their command line."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat, line = (entry / "stat").read_text(), (entry / "cmdline").read_text()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == process_id:
            found[line] = int(entry.name)
    return found


def test_a_deleted_clients_token_is_refused_and_others_go_on(product: Product) -> None:
    gone, stays = (product.create_client(name) for name in ("gone", "stays"))
    old, other = new_token(product, gone), new_token(product, stays)
    before = [call(product, token) for token in (old, other)]

    product.cli("clients", "delete", gone["clientId"], "--yes")
    until(lambda: call(product, old)[0] == 401)

    assert [(200, "zeebe")] * 2 == before
    assert (401, "The access token was revoked; ask for a new one.") == call(product, old)
    assert (200, "zeebe") == call(product, other)


def test_what_is_revoked_stays_so_while_the_token_service_and_the_database_are_away(product: Product) -> None:
    gone, stays = (product.create_client(name) for name in ("gone", "stays"))
    old, other = new_token(product, gone), new_token(product, stays)
    product.cli("clients", "delete", gone["clientId"], "--yes")
    until(lambda: call(product, old)[0] == 401)

    assert product.process is not None
    database = product.data / "gatekey.db"
    database.rename(product.data / "away.db")
    running = children(product.process.pid)
    for line, process_id in running.items():
        if "envoy" in line or "worker" in line:
            os.kill(process_id, signal.SIGKILL)
    until(lambda: _answers(product, other))
    seen = [call(product, token)[0] for token in (old, other)]
    (product.data / "away.db").rename(database)

    assert [401, 200] == seen
    assert [True, True] == [any(word in line for line in running) for word in ("envoy", "worker")]


def _answers(product: Product, token: str) -> bool:
    try:
        return call(product, token)[0] == 200
    except OSError:
        return False


def test_a_lost_scope_closes_its_api_alone_also_when_it_comes_back(product: Product) -> None:
    created = product.create_client("narrowed", "Zeebe,Secrets")
    old = new_token(product, created)

    product.cli("clients", "change", "narrowed", "--scopes", "Secrets")
    until(lambda: call(product, old)[0] == 401)
    refused, _ = product.ask_token(created["clientId"], created["clientSecret"])
    others, _ = product.ask_token(created["clientId"], created["clientSecret"], "secrets.camunda.io")
    product.cli("clients", "change", "narrowed", "--scopes", "Zeebe,Secrets")
    new = new_token(product, created)
    until(lambda: call(product, new)[0] == 200)

    assert (403, 200) == (refused, others)
    assert 401 == call(product, old)[0]
