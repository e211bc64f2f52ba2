"""
Unmodified clients, given the downloaded credentials file and nothing more than docs/how-to/connect-a-client.md says.
"""

import json
from pathlib import Path

import pytest

from real.applications import CLIENTS, PROCESS, Client
from real.calls import LARGE_BYTES
from real.conftest import Cluster
from real.forms import Form
from support.clients import Application, zbctl
from support.product import Product

pytestmark = pytest.mark.real


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client_deploys_starts_works_and_completes(
    form: Form, client: Client, cluster: Cluster, tmp_path: Path
) -> None:
    assert {"versions": {cluster.version}, "greetings": {"Hello, Ada!"}} == form.greeted(client, tmp_path)


def test_zbctl_deploys_several_megabytes(application: Application, tmp_path: Path) -> None:
    large = tmp_path / "large.bpmn"
    large.write_bytes(PROCESS.read_bytes() + b"<!-- " + b"x" * LARGE_BYTES + b" -->\n")
    deployed = json.loads(application.run(zbctl(), "--insecure", "deploy", "resource", large).stdout)

    assert deployed["deployments"][0]["process"]["resourceName"] == str(large)


def test_the_doctor_finds_all_well(guarded: Product, credentials: Path) -> None:
    done = guarded.cli("doctor", str(credentials))

    assert "All is well." in done.stdout
