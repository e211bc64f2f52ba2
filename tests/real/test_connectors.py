"""
Camunda's Connectors runtime: works its jobs through the gateway and reads the cluster's secrets from our Secrets API.

It runs in its mode "saas", the only one in which it asks for secrets; its settings name our addresses instead.
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from real.calls import finished_instance
from real.tokens import variables
from support.gateway import RestUpstream
from support.java import JavaProgram
from support.ports import free_port
from support.product import Product

pytestmark = pytest.mark.real

PROCESS = Path(__file__).with_name("echo.bpmn")
STARTING_SECONDS = 120.0  # measured: 3 s on an idle core
STOPPING_SECONDS = 30.0


@pytest.fixture(scope="module")
def runtime(
    guarded: Product, credentials: Path, connectors: JavaProgram, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """
    The running Connectors; yields the file of its log.
    """
    home = tmp_path_factory.mktemp("connectors")
    log = home / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*map(str, connectors.command("Connectors", home))],
            env=settings(guarded, credentials),
            cwd=home,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + STARTING_SECONDS
        while "Started Connectors" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield log
    finally:
        process.terminate()
        process.wait(STOPPING_SECONDS)


def settings(product: Product, credentials: Path) -> dict[str, str]:
    """
    The credentials file's values under the names of the runtime's settings, and nothing of this machine.
    """
    values = variables(credentials)
    off = ("CLIENT_OPERATE", "CLIENT_TASKLIST", "CLIENT_OPTIMIZE", "CONNECTOR_POLLING", "CONNECTOR_WEBHOOK")
    return {
        "SERVER_PORT": str(free_port()),
        "CAMUNDA_CLIENT_MODE": "saas",
        "CAMUNDA_CLIENT_CLUSTERID": values["CAMUNDA_CLUSTER_ID"],
        "CAMUNDA_CLIENT_REGION": values["CAMUNDA_CLUSTER_REGION"],
        "CAMUNDA_CLIENT_AUTH_CLIENTID": values["CAMUNDA_CLIENT_ID"],
        "CAMUNDA_CLIENT_AUTH_CLIENTSECRET": values["CAMUNDA_CLIENT_SECRET"],
        "CAMUNDA_CLIENT_AUTH_ISSUER": values["CAMUNDA_OAUTH_URL"],
        "CAMUNDA_CLIENT_ZEEBE_GATEWAYURL": f"http://{values['ZEEBE_ADDRESS']}",
        "CAMUNDA_CLIENT_ZEEBE_BASEURL": values["ZEEBE_REST_ADDRESS"],
        "CAMUNDA_CLIENT_ZEEBE_AUDIENCE": values["ZEEBE_TOKEN_AUDIENCE"],
        "CAMUNDA_CONNECTOR_SECRETPROVIDER_CONSOLE_ENABLED": "true",
        "CAMUNDA_CONNECTOR_SECRETPROVIDER_CONSOLE_ENDPOINT": f"{product.http}/secrets",
        **{f"CAMUNDA_{part}_ENABLED": "false" for part in off},
    }


def test_a_cluster_secret_is_put_into_a_connectors_call(
    guarded: Product, token: str, runtime: Path, tmp_path: Path
) -> None:
    value = tmp_path / "value"
    value.write_text("a-made-up-value")
    guarded.cli("secrets", "set", "ECHO_KEY", "--cluster", "local", "--value-file", str(value))
    with RestUpstream("echo") as echo:
        heard = finished_instance(guarded.gateway, token, PROCESS, {"url": f"http://{echo.address}/call"})["heard"]

    assert heard["x-api-key"] == "a-made-up-value"
    assert "a-made-up-value" not in runtime.read_text()
