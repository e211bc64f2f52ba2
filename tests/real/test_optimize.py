"""
A real client of Optimize, the one in @camunda8/sdk, through the gateway; behind it a STAND-IN of Optimize.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.camunda import Application
from support.optimize_stand_in import DASHBOARDS, OptimizeStandIn, optimize_stand_in
from support.product import Product, running_product

pytestmark = pytest.mark.real

PROGRAM = Path(__file__).with_name("programs") / "optimize_reads.cjs"


@pytest.fixture
def optimize() -> Iterator[OptimizeStandIn]:
    with optimize_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def product(optimize: OptimizeStandIn, tmp_path: Path) -> Iterator[Product]:
    with running_product(tmp_path / "data") as product:
        product.cli("clusters", "create", "apart", f"--optimize=http://{optimize.address}")
        yield product


def test_the_node_sdk_reads_optimize(
    product: Product, optimize: OptimizeStandIn, node_modules: Path, tmp_path: Path
) -> None:
    file = tmp_path / "apart.env"
    product.cli("clients", "create", "reader", "--cluster", "apart", "--scopes", "Optimize", "--output", str(file))
    done = Application(file, tmp_path).run("node", PROGRAM, NODE_PATH=str(node_modules))
    outcome = json.loads(done.stdout.splitlines()[-1])

    assert [{"id": dashboard} for dashboard in DASHBOARDS] == outcome["dashboards"]
    assert "dashboard" == outcome["definitions"][0]["exportEntityType"]
    assert not any("authorization" in headers for headers in optimize.heard)
