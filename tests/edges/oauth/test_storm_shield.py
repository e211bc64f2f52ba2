"""
A storm of equal requests against two worker processes: one token, signed twice at most.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from support.product import Product, running_product

QUICK = {"limit_rate": 10_000, "limit_burst": 10_000, "limit_block_after": 10_000}
LONG = 300
"""Seconds: the longest window there is, so that a test never meets its end (all but one in a hundred)."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(
        tmp_path_factory.mktemp("product") / "data", with_gateway=False, workers=2, storm_shield=LONG, **QUICK
    ) as running:
        yield running


def ask(product: Product, client: dict[str, Any], audience: str = "zeebe.camunda.io") -> httpx.Response:
    form = {"client_id": client["clientId"], "client_secret": client["clientSecret"], "audience": audience}
    with httpx.Client(base_url=product.http, trust_env=False) as fresh:  # a new connection: it may meet either worker
        return fresh.post("/oauth/token", data=form)


def storm(product: Product, client: dict[str, Any], size: int = 24) -> set[str]:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ask(product, client), range(size)))
    assert {200} == {answer.status_code for answer in answers}
    return {answer.json()["access_token"] for answer in answers}


def test_a_storm_gets_one_token(product: Product) -> None:
    """
    Two, should the window end amid it.
    """
    assert len(storm(product, product.create_client("storming"))) <= 2


def test_clients_and_audiences_do_not_share(product: Product) -> None:
    clients = [product.create_client(f"alone-{number}", "Zeebe,Operate") for number in range(2)]
    tokens = [
        ask(product, client, audience).json()["access_token"]
        for client in clients
        for audience in ("zeebe.camunda.io", "operate.camunda.io")
    ]

    assert 4 == len(set(tokens))


def test_after_a_revocation_the_storm_gets_another(product: Product) -> None:
    client = product.create_client("revoked")
    before = storm(product, client)
    for token in before:
        product.cli("tokens", "revoke", "--token-file", "-", input=token)

    assert not before & storm(product, client)


def test_a_deleted_client_gets_none_from_any_worker(product: Product) -> None:
    client = product.create_client("deleted")
    storm(product, client)
    product.cli("clients", "delete", "deleted", "--yes")

    assert {401} == {ask(product, client).status_code for _ in range(8)}


def test_a_restart_does_not_change_the_token(product: Product) -> None:
    client = product.create_client("patient")
    before = storm(product, client)
    product.stop()
    product.start()

    assert len(before | storm(product, client)) <= 2
