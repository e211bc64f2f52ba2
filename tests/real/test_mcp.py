"""
The official MCP SDK at a cluster's MCP server behind the gateway: with URL, client id and secret it finds the rest.

The server is made with the SDK too: that of Camunda 8.9 is no part of these tests. c8ctl (npm `@camunda8/cli` 4.1.0) is
not run: it needs a version of `@camunda8/orchestration-cluster-api` that is not published.
"""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from real.tokens import variables
from support.clients import Application
from support.ports import free_port
from support.product import Product, running_product
from support.waiting import wait_until

pytestmark = pytest.mark.real

PROGRAMS = Path(__file__).with_name("programs")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    port = free_port()
    server = subprocess.Popen([sys.executable, PROGRAMS / "mcp_serves.py", str(port)])
    try:
        wait_until(lambda: status(f"http://127.0.0.1:{port}/mcp/cluster") != 0)
        with running_product(tmp_path_factory.mktemp("mcp") / "data", zeebe_rest=f"http://127.0.0.1:{port}") as product:
            yield product
    finally:
        server.terminate()
        server.wait()


def status(url: str) -> int:
    """
    What a GET is answered with; 0 for nothing.
    """
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def application_of(product: Product, folder: Path, scopes: str) -> Application:
    file = folder / "client.env"
    product.cli("clients", "create", folder.name, "--cluster", "local", "--scopes", scopes, "--output", str(file))
    return Application(file, folder)


def url_of(application: Application) -> str:
    return f"{variables(application.credentials)['CAMUNDA_REST_ADDRESS']}/mcp/cluster"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_tool_is_called_and_its_answer_comes_as_a_stream(product: Product, tmp_path: Path, method: str) -> None:
    application = application_of(product, tmp_path, "Zeebe")

    told = {"MCP_URL": url_of(application), "MCP_ISSUER": product.http}
    done = application.run(sys.executable, PROGRAMS / "mcp_asks.py", method, **told)

    assert {"tools": ["topology"], "said": "one broker", "steps": [1.0, 2.0, 3.0]} == json.loads(done.stdout)


def test_a_client_without_the_scope_of_the_cluster_gets_no_token(product: Product, tmp_path: Path) -> None:
    application = application_of(product, tmp_path, "Operate")

    told = {"MCP_URL": url_of(application), "MCP_ISSUER": product.http}
    refused = application.attempt(sys.executable, PROGRAMS / "mcp_asks.py", "client_secret_post", **told)

    assert refused.returncode != 0
    assert "does not have the scope Zeebe" in refused.stderr


def test_without_a_token_the_server_is_not_reached(product: Product, tmp_path: Path) -> None:
    assert 401 == status(url_of(application_of(product, tmp_path, "Zeebe")))
