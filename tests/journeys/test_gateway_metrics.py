"""
One scrape says what the service counts and what the gateway counts, also when the gateway is dead.
"""

import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.gateway import RestUpstream
from support.ports import free_port
from support.product import Product, running_product

PATIENCE = 20.0


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def product(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Product]:
    with RestUpstream("zeebe") as upstream:
        settings: dict[str, Any] = {"zeebe_rest": f"http://{upstream.address}", "metrics": f"localhost:{free_port()}"}
        with running_product(tmp_path / "data", workers=request.param, **settings) as product:
            yield product


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def scrape(product: Product) -> dict[str, float]:
    with urllib.request.urlopen(f"http://{product.settings['metrics']}/metrics", timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def envoy_of(product: Product) -> int:
    assert product.process is not None
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status, line = (entry / "stat").read_text(), (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if int(status.rpartition(")")[2].split()[1]) == product.process.pid and b"envoy" in line:
            return int(entry.name)
    raise AssertionError("there is no Envoy")


def test_a_scrape_has_the_gateways_counters(product: Product) -> None:
    url = f"http://{product.gateway}/v2/topology"
    bearer = {"authorization": f"Bearer {product.token()}"}
    probes = scrape(product)["gatekey_gateway_calls_total"]  # by which it was seen that the gateway is ready
    statuses = [httpx.get(url, headers=headers, trust_env=False).status_code for headers in (bearer, bearer, {})]
    seen = scrape(product)

    assert [200, 200, 401] == statuses
    assert (1, 2, 1, 3) == (
        seen["gatekey_gateway_up"],
        seen['gatekey_gateway_requests_total{api="rest",code="2xx"}'],
        seen['gatekey_gateway_refused_total{kind="token"}'],
        seen["gatekey_gateway_calls_total"] - probes,
    )
    assert seen['gatekey_requests_total{endpoint="token",status="200"}'] == 1
    assert seen['gatekey_outcomes_total{endpoint="token",outcome="granted",verdict="admitted"}'] == 1
    assert seen["gatekey_token_seconds_count"] == 1
    assert (0, 0) == (seen["gatekey_blocked_addresses"], seen["gatekey_secrets_ending"])


def test_a_scrape_works_and_says_so_when_the_gateway_is_dead(product: Product) -> None:
    os.kill(envoy_of(product), signal.SIGSTOP)  # it neither answers nor is started again
    until(lambda: scrape(product)["gatekey_gateway_up"] == 0)
    os.kill(envoy_of(product), signal.SIGCONT)
    until(lambda: scrape(product)["gatekey_gateway_up"] == 1)
