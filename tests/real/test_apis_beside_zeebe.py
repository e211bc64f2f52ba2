"""
Real clients of Operate, Tasklist and Optimize, those in @camunda8/sdk, through the gateway to the demo cluster.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatekey.demo.apis.optimize import DASHBOARD
from support.clients import Application
from support.models import model, user_task
from support.product import Product, running_product
from support.recorded_demo import RecordedDemo, recorded_demo

pytestmark = pytest.mark.real

PROGRAMS = Path(__file__).with_name("programs")
MODEL = model(user_task("check", name="Check the invoice"), "start>check", "check>end", process_id="invoices")


@pytest.fixture(scope="module")
def demo() -> Iterator[RecordedDemo]:
    with recorded_demo() as demo:
        yield demo


@pytest.fixture(scope="module")
def product(demo: RecordedDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("product") / "data") as product:
        options = [f"--{api}=http://{demo.address}" for api in ("operate", "tasklist", "optimize")]
        product.cli("clusters", "create", "apart", *options)
        yield product


def outcome(product: Product, home: Path, scopes: str, node_modules: Path, *program: str) -> dict[str, Any]:
    """
    Run a program with the credentials file of a new client; return what its last line says.
    """
    file = home / "apart.env"
    product.cli(
        "clients", "create", scopes.replace(",", "-"), "--cluster", "apart", "--scopes", scopes, "--output", str(file)
    )
    done = Application(file, home).run("node", PROGRAMS / program[0], *program[1:], NODE_PATH=str(node_modules))
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_the_node_sdk_reads_optimize(product: Product, demo: RecordedDemo, node_modules: Path, tmp_path: Path) -> None:
    read = outcome(product, tmp_path, "Optimize", node_modules, "optimize_reads.cjs")

    assert [{"id": DASHBOARD}] == read["dashboards"]
    assert "dashboard" == read["definitions"][0]["exportEntityType"]
    assert not any("authorization" in headers for headers in demo.heard)


def test_the_node_sdk_completes_a_task_of_tasklist_and_sees_it_in_operate(
    product: Product, demo: RecordedDemo, node_modules: Path, tmp_path: Path
) -> None:
    demo.start(MODEL, amount=12.5)
    seen = outcome(product, tmp_path, "Operate,Tasklist", node_modules, "operate_and_tasklist.cjs", "invoices")

    assert ["ACTIVE", "COMPLETED"] == seen["states"]
    assert ({"amount": 12.5}, ["Check the invoice"]) == (seen["variables"], seen["tasks"])
    assert ["start", "check", "end"] == [each["activityId"] for each in seen["statistics"]]
    assert not any("authorization" in headers for headers in demo.heard)
