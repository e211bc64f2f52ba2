"""
The product between real clients and a cluster: the demo cluster, or a Camunda that somebody runs (scripts/prove).

GATEKEY_TEST_REAL=0 leaves this folder out, for machines that reach no registry, and the closing summary says so.
Anything else runs it, and what is missing then is an error.
"""

import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from real.forms import FORMS, NAMES, Form, create_client, form_of, names_can_be_given
from real.proving import SERVER_VERSION, report_proof
from real.tokens import Forger, access_token, signing_key, variables
from support.clients import Application, installed_node_modules
from support.demo import demo_cluster
from support.java import JavaProgram, compiled
from support.ports import free_port
from support.product import Product

if os.environ.get("GATEKEY_TEST_REAL") == "0":
    collect_ignore_glob = ["test_*.py", "trust/test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if "PROVE_GRPC" in os.environ:
        report_proof(terminalreporter)


@dataclass(frozen=True, slots=True)
class Cluster:
    """
    What stands behind the gateway: `grpc` as host:port, `rest` as a URL, and the version that it tells.
    """

    grpc: str
    rest: str
    version: str


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """
    The demo cluster, or the server that scripts/prove was given.
    """
    if grpc := os.environ.get("PROVE_GRPC"):
        rest = os.environ["PROVE_REST"].rstrip("/")
        pytestconfig.stash[SERVER_VERSION] = version_of(rest)
        yield Cluster(grpc, rest, pytestconfig.stash[SERVER_VERSION])
        return
    with demo_cluster() as demo:
        yield Cluster(demo.grpc, demo.rest, version_of(demo.rest))


def version_of(rest: str) -> str:
    """
    The version that a cluster tells without us.
    """
    with urllib.request.urlopen(f"{rest}/v2/topology", timeout=30) as answer:
        version: str = json.load(answer)["gatewayVersion"]
        return version


@pytest.fixture(scope="session")
def plain(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Form]:
    with form_of("plain", tmp_path_factory.mktemp("plain"), cluster.grpc, cluster.rest) as form:
        yield form


@pytest.fixture(scope="module", params=FORMS)
def form(request: pytest.FixtureRequest, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Form]:
    """
    A product for each of the three forms.
    """
    if request.param == "plain":
        yield request.getfixturevalue("plain")
        return
    if request.param == NAMES and not names_can_be_given():
        pytest.skip("it takes root: a mount namespace of its own, and port 443")
    with form_of(request.param, tmp_path_factory.mktemp("form"), cluster.grpc, cluster.rest) as form:
        yield form


@pytest.fixture(scope="session")
def guarded(plain: Form) -> Product:
    """
    Gatekey in front of the cluster. Its log tells the token requests that were granted, and so how many a client needs.
    """
    return plain.product


@pytest.fixture(scope="session")
def credentials(plain: Form) -> Path:
    """
    The credentials file of a client of the cluster `local`, with the scopes Zeebe and Secrets.
    """
    return plain.credentials


@pytest.fixture(scope="session")
def node_modules() -> Path:
    return installed_node_modules()


@pytest.fixture(scope="session")
def other_credentials(guarded: Product, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    The same for a second cluster, whose server is down.
    """
    nobody = f"localhost:{free_port()}"
    guarded.cli("clusters", "create", "other", "--grpc", nobody, "--rest", f"http://{nobody}")
    return create_client(guarded, tmp_path_factory.mktemp("credentials") / "other.env", cluster="other")


@pytest.fixture(scope="session")
def rest_base(credentials: Path) -> str:
    """
    The REST address of the cluster `local`, as its credentials file says it.
    """
    return variables(credentials)["ZEEBE_REST_ADDRESS"]


@pytest.fixture(scope="session")
def java_client() -> JavaProgram:
    """
    Programs that use the official Java client up to 8.7.
    """
    return compiled("zeebe-client")


@pytest.fixture
def application(credentials: Path, tmp_path: Path) -> Application:
    """
    A fresh application with its own home, so that no token of another run is found there.
    """
    home = tmp_path / "home"
    home.mkdir()
    return Application(credentials, home)


@pytest.fixture(scope="session")
def token(credentials: Path) -> str:
    """
    A genuine token for Zeebe of the cluster `local`.
    """
    return access_token(credentials)


@pytest.fixture(scope="session")
def other_token(other_credentials: Path) -> str:
    """
    A genuine token for Zeebe of the other cluster.
    """
    return access_token(other_credentials)


@pytest.fixture(scope="session")
def secrets_token(credentials: Path) -> str:
    """
    A genuine token of the cluster `local` for the Secrets API only.
    """
    return access_token(credentials, audience="secrets.camunda.io")


@pytest.fixture(scope="session")
def forge(guarded: Product, token: str) -> Callable[[str], str]:
    """
    Make a bad token of the named kind out of the genuine one.
    """
    return Forger(token, signing_key(guarded.data)).forge
