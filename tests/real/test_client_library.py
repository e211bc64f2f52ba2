"""
Our client library between real clients, a real gateway and a cluster: the recipes of the documentation.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import httpx
import pytest
from pyzeebe.proto import gateway_pb2, gateway_pb2_grpc

from gatekey import MemoryCache, TokenSource
from gatekey.client.events import Event, TokenRequested
from gatekey.client.integrations.grpc import TokenInterceptor
from gatekey.client.integrations.httpx import TokenAuth
from real.applications import PROCESS, PROGRAMS
from real.calls import activated_job, greeting_asked, rest_topology
from real.conftest import Cluster
from real.tokens import variables
from support.clients import Application
from support.product import Product

pytestmark = pytest.mark.real


@pytest.fixture
def own_credentials(guarded: Product, tmp_path: Path) -> Path:
    """
    The file of a client of the test's own, whose tokens may be revoked.
    """
    file = tmp_path / "library.env"
    guarded.cli("clients", "create", tmp_path.name, "--cluster", "local", "--scopes", "Zeebe", "--output", str(file))
    return file


def test_pyzeebe_and_the_orchestration_sdk_share_one_token(
    application: Application, guarded: Product, token: str, cluster: Cluster
) -> None:
    greeted = json.loads(
        application.run(sys.executable, PROGRAMS / "library_pyzeebe_greets.py", PROCESS).stdout.splitlines()[-1]
    )
    with greeting_asked(guarded.gateway, token, PROCESS, "library-sdk") as ended:
        job = activated_job(guarded.gateway, token, "library-sdk")
        done = application.run(sys.executable, PROGRAMS / "library_sdk_completes.py", job)
        completed = json.loads(done.stdout)
        finished = ended()

    assert [f"Hello, Ada {number}!" for number in range(5)] == greeted["greetings"]
    assert (200, cluster.version) == (completed["status"], completed["topology"]["gatewayVersion"])
    assert "library-sdk" == finished["worker"]
    assert (1, 0) == (greeted["asked"], completed["asked"])


def test_a_revoked_token_is_exchanged_once_by_rest_and_by_grpc(
    guarded: Product, own_credentials: Path, cluster: Cluster
) -> None:
    events: list[Event] = []
    source = TokenSource(own_credentials, cache=MemoryCache(), listener=events.append)
    values = variables(own_credentials)
    with (
        httpx.Client(auth=TokenAuth(source), base_url=values["ZEEBE_REST_ADDRESS"], timeout=30) as rest,
        grpc.insecure_channel(guarded.gateway) as plain,
    ):
        stub = gateway_pb2_grpc.GatewayStub(grpc.intercept_channel(plain, TokenInterceptor(source)))
        topology = gateway_pb2.TopologyRequest()
        before = rest.get("/v2/topology").status_code, stub.Topology(topology, timeout=30).gatewayVersion
        old = source.token().access_token.reveal()
        guarded.cli("tokens", "revoke", "--client", values["ZEEBE_CLIENT_ID"])
        until(lambda: rest_topology(values["ZEEBE_REST_ADDRESS"], old).status == 401)
        after = rest.get("/v2/topology").status_code, stub.Topology(topology, timeout=30).gatewayVersion

    assert (200, cluster.version) == before
    assert (200, cluster.version) == after
    assert 2 == sum(isinstance(event, TokenRequested) for event in events)


def until(condition: Callable[[], bool]) -> None:
    """
    Wait for what comes by itself within a second, as the product promises; much longer, for slow machines.
    """
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
