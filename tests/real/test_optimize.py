"""
A real client of Optimize, the one in @camunda8/sdk, through the gateway; behind it the demo cluster.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekey.demo.apis.optimize import DASHBOARD
from support.clients import Application
from support.product import Product, running_product
from support.recorded_demo import RecordedDemo, recorded_demo

pytestmark = pytest.mark.real

PROGRAM = Path(__file__).with_name("programs") / "optimize_reads.cjs"


@pytest.fixture
def demo() -> Iterator[RecordedDemo]:
    with recorded_demo() as demo:
        yield demo


@pytest.fixture
def product(demo: RecordedDemo, tmp_path: Path) -> Iterator[Product]:
    with running_product(tmp_path / "data") as product:
        product.cli("clusters", "create", "apart", f"--optimize=http://{demo.address}")
        yield product


def test_the_node_sdk_reads_optimize(product: Product, demo: RecordedDemo, node_modules: Path, tmp_path: Path) -> None:
    file = tmp_path / "apart.env"
    product.cli("clients", "create", "reader", "--cluster", "apart", "--scopes", "Optimize", "--output", str(file))
    done = Application(file, tmp_path).run("node", PROGRAM, NODE_PATH=str(node_modules))
    outcome = json.loads(done.stdout.splitlines()[-1])

    assert [{"id": DASHBOARD}] == outcome["dashboards"]
    assert "dashboard" == outcome["definitions"][0]["exportEntityType"]
    assert not any("authorization" in headers for headers in demo.heard)
