"""
The product between real clients and a real Camunda server.

GATEKEY_TEST_REAL=0 leaves this folder out, for machines that reach no registry, and the closing summary says so.
Anything else runs it, and what is missing then is an error.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from real.tokens import Forger, access_token, signing_key, variables
from support.camunda import Application, Camunda, camunda_open, node_modules, running_camunda, zbctl
from support.java import JavaProgram, compiled
from support.ports import free_port
from support.product import Product, running_product

__all__ = ["camunda_open", "node_modules", "zbctl"]  # fixtures, found by name

if os.environ.get("GATEKEY_TEST_REAL") == "0":
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def guarded(camunda_open: Camunda, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """
    Gatekey in front of the server without authentication.
    """
    data = tmp_path_factory.mktemp("guarded") / "data"
    # With "debug" the log tells the token requests that were granted, and so how many a client needs.
    behind = running_product(data, log_level="debug", zeebe_grpc=camunda_open.grpc, zeebe_rest=camunda_open.rest)
    with behind as product:
        yield product


@pytest.fixture(scope="session")
def camunda_oidc(guarded: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camunda]:
    """
    A server that verifies Gatekey's tokens itself; no gateway stands before it.
    """
    log = tmp_path_factory.mktemp("camunda-oidc") / "log"
    with running_camunda(log, "--oidc", guarded.http) as server:
        yield server


@pytest.fixture(scope="session")
def credentials(guarded: Product, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    The credentials file of a client of the cluster `local`, with the scopes Zeebe and Secrets.
    """
    return create_client(guarded, tmp_path_factory.mktemp("credentials") / "local.env", cluster="local")


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


def create_client(product: Product, file: Path, *, cluster: str, name: str = "") -> Path:
    options = ("--cluster", cluster, "--scopes", "Zeebe,Secrets", "--output", str(file))
    product.cli("clients", "create", name or f"{cluster}-app", *options)
    return file


@pytest.fixture(scope="session")
def java_client() -> JavaProgram:
    """
    Programs that use the official Java client up to 8.7.
    """
    return compiled("zeebe-client")


@pytest.fixture(scope="session")
def newer_java_client() -> JavaProgram:
    """
    A program that uses the official Java client from 8.8 on.
    """
    return compiled("camunda-client")


@pytest.fixture(scope="session")
def connectors() -> JavaProgram:
    """
    The Connectors runtime.
    """
    return compiled("connectors")


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
