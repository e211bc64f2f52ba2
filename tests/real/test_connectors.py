"""
Camunda's Connectors runtime: works its jobs through the gateway and reads the cluster's secrets from our Secrets API.

Its settings are the lines of docs/how-to/give-connectors-secrets.md.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from real.calls import finished_instance
from support.gateway import RestUpstream
from support.java import JavaProgram
from support.ports import free_port
from support.product import Product

pytestmark = pytest.mark.real

PROCESS = Path(__file__).with_name("echo.bpmn")
PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/give-connectors-secrets.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
STARTING_SECONDS = 120.0  # measured: 3 s on an idle core
STOPPING_SECONDS = 30.0


@pytest.fixture(scope="module")
def runtime(
    guarded: Product, credentials: Path, connectors: JavaProgram, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """
    The running Connectors, set up by the page's own lines; yields the file of its log.
    """
    home = tmp_path_factory.mktemp("connectors")
    shutil.copy(credentials, home / "connectors.env")
    lines = BLOCK.search(PAGE.read_text())
    assert lines is not None
    settings = lines[1].replace("http://localhost:8400", guarded.http)
    log = home / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["bash", "-euc", f'{settings}exec "$@"', "connectors", *map(str, connectors.command("Connectors", home))],  # noqa: S607 - the user's shell
            env={"PATH": os.environ["PATH"], "SERVER_PORT": str(free_port())},
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
