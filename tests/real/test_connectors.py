"""
Camunda's Connectors runtime: works its jobs through the gateway and reads the cluster's secrets from our Secrets API.

Its settings are the lines of docs/how-to/give-connectors-secrets.md; under the names of Camunda's cloud it needs fewer.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from real.applications import truststore_of_the_jvm
from real.calls import finished_instance
from real.forms import NAMES, Form
from support.gateway import RestUpstream
from support.java import compiled
from support.ports import free_port

pytestmark = pytest.mark.real

PROCESS = Path(__file__).with_name("echo.bpmn")
PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/give-connectors-secrets.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
STARTING_SECONDS = 120.0  # measured: 3 s on an idle core
STOPPING_SECONDS = 30.0


@pytest.fixture(scope="module")
def runtime(form: Form, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """
    The running Connectors, set up by the page's own lines; yields the file of its log.
    """
    home = tmp_path_factory.mktemp("connectors")
    shutil.copy(form.credentials, home / "connectors.env")
    command = compiled("connectors").command("Connectors", home)
    trusted = truststore_of_the_jvm(form.authority) if form.authority else {}
    log = home / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*map(str, (*form.prefix, "bash", "-euc", f'{settings(form)}exec "$@"', "connectors", *command))],
            env={"PATH": os.environ["PATH"], "SERVER_PORT": str(free_port()), **trusted},
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


def settings(form: Form) -> str:
    """
    The page's lines for this form.
    """
    lines = BLOCK.search(PAGE.read_text())
    assert lines is not None
    text = lines[1]
    if form.authority:
        text = text.replace("http://$ZEEBE_ADDRESS", "https://$ZEEBE_ADDRESS")
    if form.name == NAMES:
        # The address of the secrets is built in.
        return "".join(line for line in text.splitlines(keepends=True) if "CONSOLE_ENDPOINT" not in line)
    scheme = "https" if form.authority else "http"
    return text.replace("http://localhost:8400", f"{scheme}://localhost:{form.product.http_port}")


def test_a_cluster_secret_is_put_into_a_connectors_call(form: Form, runtime: Path, tmp_path: Path) -> None:
    value = tmp_path / "value"
    value.write_text("a-made-up-value")
    form.product.cli("secrets", "set", "ECHO_KEY", "--cluster", "local", "--value-file", str(value))
    with RestUpstream("echo") as echo:
        given = {"url": f"http://{echo.address}/call"}
        heard = finished_instance(form.upstream, None, PROCESS, given)["heard"]

    assert heard["x-api-key"] == "a-made-up-value"
    assert "a-made-up-value" not in runtime.read_text()
