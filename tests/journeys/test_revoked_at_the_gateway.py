"""
What an operator revokes opens nothing at the gateway a moment later, whatever else happens to be down.
"""

import os
import signal
from collections.abc import Iterator

import pytest

from support.caller import Caller
from support.gateway import RestUpstream
from support.processes import children
from support.product import Product, running_product
from support.waiting import wait_until


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with (
        RestUpstream("zeebe") as upstream,
        running_product(
            tmp_path_factory.mktemp("product") / "data",
            zeebe_rest=f"http://{upstream.address}",
            workers=2,
            limit_rate=1000,
            limit_burst=1000,
        ) as product,
    ):
        yield product


def call(product: Product, token: str) -> tuple[int, str]:
    answer = Caller(product.gateway_port).call("GET", "/v2/topology", {"authorization": f"Bearer {token}"})
    return answer.status, answer.document["upstream" if answer.status == 200 else "detail"]


def new_token(product: Product, client: dict[str, str]) -> str:
    status, body = product.ask_token(client["clientId"], client["clientSecret"])
    assert status == 200, body
    return str(body["access_token"])


def test_a_deleted_clients_token_is_refused_and_others_go_on(product: Product) -> None:
    gone, stays = (product.create_client(name) for name in ("gone-1", "stays-1"))
    old, other = new_token(product, gone), new_token(product, stays)
    before = [call(product, token) for token in (old, other)]

    product.cli("clients", "delete", gone["clientId"], "--yes")
    wait_until(lambda: call(product, old)[0] == 401)

    assert [(200, "zeebe")] * 2 == before
    assert (401, "The access token was revoked; ask for a new one.") == call(product, old)
    assert (200, "zeebe") == call(product, other)


def test_what_is_revoked_stays_so_while_the_token_service_and_the_database_are_away(product: Product) -> None:
    gone, stays = (product.create_client(name) for name in ("gone-2", "stays-2"))
    old, other = new_token(product, gone), new_token(product, stays)
    product.cli("clients", "delete", gone["clientId"], "--yes")
    wait_until(lambda: call(product, old)[0] == 401)

    assert product.process is not None
    database = product.data / "gatekey.db"
    database.rename(product.data / "away.db")
    running = children(product.process.pid)
    for line, process_id in running.items():
        if "envoy" in line or "worker" in line:
            os.kill(process_id, signal.SIGKILL)
    wait_until(lambda: _answers(product, other))
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

    product.cli("clients", "update", "narrowed", "--scopes", "Secrets")
    wait_until(lambda: call(product, old)[0] == 401)
    refused, _ = product.ask_token(created["clientId"], created["clientSecret"])
    others, _ = product.ask_token(created["clientId"], created["clientSecret"], "secrets.camunda.io")
    product.cli("clients", "update", "narrowed", "--scopes", "Zeebe,Secrets")
    new = new_token(product, created)
    wait_until(lambda: call(product, new)[0] == 200)

    assert (403, 200) == (refused, others)
    assert 401 == call(product, old)[0]
