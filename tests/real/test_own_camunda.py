"""
A Camunda that somebody runs and that verifies our tokens itself, without a gateway: `scripts/prove --oidc`.

Not asserted, because servers up to 8.9 do not look: the issuer, and without a setting of theirs the cluster claim.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from gatekey.server.settings import read_settings
from real.applications import CLIENTS, Client, outcome
from real.calls import grpc_topology, rest_topology
from real.proving import SERVER_VERSION
from real.tokens import BAD_TOKENS, Forger, access_token, signing_key
from support.clients import Application
from support.command import run_command

if not os.environ.get("PROVE_GRPC"):
    pytest.skip("a Camunda that you run: scripts/prove --grpc HOST:PORT --rest URL [--oidc]", allow_module_level=True)

pytestmark = pytest.mark.real

NAME = "scripts-prove"
GRPC, REST = os.environ["PROVE_GRPC"], os.environ["PROVE_REST"].rstrip("/")

DATA = read_settings({}, os.environ).data
UNAUTHENTICATED = (grpc.StatusCode.UNAUTHENTICATED, 401)


@pytest.fixture(scope="module")
def own_credentials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """
    A client of the Gatekey that runs here, with the server's own addresses in its file.
    """
    file = tmp_path_factory.mktemp("own") / "own.env"
    gatekey("clients", "delete", NAME, "--yes")
    gatekey("clients", "create", NAME, "--cluster", "local", "--scopes", "Zeebe,Secrets", "--output", str(file))
    text = file.read_text()
    scheme = "grpcs" if REST.startswith("https") else "grpc"
    for variable, place in {
        "ZEEBE_ADDRESS": GRPC,
        "ZEEBE_GRPC_ADDRESS": f"{scheme}://{GRPC}",
        "ZEEBE_REST_ADDRESS": REST,
        "CAMUNDA_REST_ADDRESS": REST,
    }.items():
        text = re.sub(rf"^export {variable}='.*'$", f"export {variable}='{place}'", text, flags=re.MULTILINE)
    file.write_text(text)
    yield file
    gatekey("clients", "delete", NAME, "--yes")


@pytest.fixture(scope="module")
def own_token(own_credentials: Path) -> str:
    return access_token(own_credentials)


@pytest.fixture(scope="module")
def version(own_token: str, pytestconfig: pytest.Config) -> str:
    """
    The version that the server tells by REST to who has a token.
    """
    answer = rest_topology(REST, own_token)
    assert answer.status == 200, answer
    told: str = answer.body["gatewayVersion"]
    pytestconfig.stash[SERVER_VERSION] = told
    return told


def gatekey(*arguments: str) -> str:
    """
    Run a command of the Gatekey that runs on this machine.
    """
    return run_command(*arguments, environment=dict(os.environ)).stdout


def verdict(token: str | None) -> tuple[grpc.StatusCode, int]:
    code, _ = grpc_topology(GRPC, token)
    return code, rest_topology(REST, token).status


def test_the_server_accepts_our_token_by_grpc_and_by_rest(own_token: str, version: str) -> None:
    assert (grpc.StatusCode.OK, version) == grpc_topology(GRPC, own_token)


def test_the_server_refuses_a_call_without_a_token() -> None:
    assert UNAUTHENTICATED == verdict(None)


def test_the_server_refuses_our_token_for_another_api(own_credentials: Path) -> None:
    refused = verdict(access_token(own_credentials, audience="secrets.camunda.io"))

    assert refused in {UNAUTHENTICATED, (grpc.StatusCode.PERMISSION_DENIED, 403)}


@pytest.mark.parametrize("kind", [kind for kind in BAD_TOKENS if kind != "of another issuer"])
def test_the_server_refuses_a_bad_token(own_token: str, kind: str) -> None:
    assert UNAUTHENTICATED == verdict(Forger(own_token, signing_key(DATA)).forge(kind))


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client_deploys_starts_works_and_completes(
    own_credentials: Path, client: Client, version: str, tmp_path: Path
) -> None:
    application = Application(own_credentials, tmp_path)
    command = client.command(tmp_path, re.sub(r"\W", "-", f"own-{client.name}"))
    done = application.run(*command, **client.variables(), FORM="plain")

    assert {"versions": {version}, "greetings": {"Hello, Ada!"}} == outcome(done.stdout)
