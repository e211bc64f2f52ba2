"""
The demo cluster that a first start brings: reached through the gateway, restarted when it dies, ended with the service.
"""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.ports import free_port
from support.product import Product, running_product
from support.service import eventually


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    addresses = {f"demo_{kind}": f"127.0.0.1:{free_port()}" for kind in ("grpc", "rest")}
    data = tmp_path_factory.mktemp("product") / "data"
    with running_product(
        data, demo="on", demo_grpc=addresses["demo_grpc"], demo_rest=addresses["demo_rest"]
    ) as running:
        yield running


def answers(product: Product) -> int:
    try:
        return httpx.get(f"http://{product.settings['demo_rest']}/v2/topology", trust_env=False).status_code
    except httpx.TransportError:
        return 0


def demo_process(product: Product) -> int:
    """
    The demo cluster's process, known by its addresses.
    """
    wanted = product.settings["demo_grpc"].encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"gatekey.demo" in words and wanted in words:
            return int(path.parent.name)
    raise AssertionError("no demo cluster is running")


def test_a_client_of_the_demo_cluster_is_answered_through_the_gateway(product: Product, tmp_path: Path) -> None:
    eventually(lambda: answers(product) == 200)
    file = tmp_path / "my-app.env"
    product.cli("clients", "create", "my-app", "--cluster", "demo", "--scopes", "Zeebe", "--output", str(file))
    headers = dict([product.cli("token", "--env-file", str(file), "--header").stdout.strip().split(": ", 1)])
    answer = httpx.get(f"http://{product.gateway}/v2/topology", headers=headers, trust_env=False)

    assert 200 == answer.status_code
    assert "gatekey-demo" in answer.json()["gatewayVersion"]


def test_the_start_says_what_it_is(product: Product) -> None:
    assert "Cluster demo     a small engine for trying, run by this service: not Camunda" in product.printed
    assert "Cluster local    nothing answers at" in product.printed


def test_it_is_started_again_when_it_dies(product: Product) -> None:
    eventually(lambda: answers(product) == 200)
    first = demo_process(product)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: answers(product) == 200 and demo_process(product) != first)

    assert first != demo_process(product)


def test_a_second_start_adds_no_cluster(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for _ in range(2):
        with running_product(data, with_gateway=False, demo="on") as product:
            names = [cluster["name"] for cluster in json.loads(product.cli("clusters", "list", "--json").stdout)]
            assert ["local", "demo"] == names
