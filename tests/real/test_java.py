"""
The official Java client, compiled into two small programs and given the downloaded credentials file.

Its word for "plaintext" is a variable; it keeps its tokens in ~/.camunda/credentials.
"""

import time
from pathlib import Path

import pytest

from real.conftest import create_client
from real.tokens import access_token, variables
from support.camunda import Application
from support.java import JavaProgram
from support.product import Product

pytestmark = pytest.mark.real

PROCESS = Path(__file__).with_name("greeting.bpmn")
PLAINTEXT = {"ZEEBE_INSECURE_CONNECTION": "true"}
LOG_SECONDS = 20.0


@pytest.fixture
def newcomer(guarded: Product, tmp_path: Path) -> Application:
    """
    An application with credentials of its own, whose token requests nobody else's are mixed up with.
    """
    return Application(create_client(guarded, tmp_path / "java.env", cluster="local", name=tmp_path.name), tmp_path)


def greet(application: Application, program: JavaProgram) -> list[str]:
    done = application.run(*program.command("Greets", application.home, PROCESS), **PLAINTEXT)
    return done.stdout.splitlines()


def test_the_java_client_deploys_starts_activates_and_completes(
    newcomer: Application, java_client: JavaProgram
) -> None:
    version, ended = greet(newcomer, java_client)

    assert version == "8.6.0"
    assert '"greeting":"Hello, James!"' in ended


def test_the_java_client_asks_for_one_token_in_two_runs(
    guarded: Product, newcomer: Application, java_client: JavaProgram
) -> None:
    greet(newcomer, java_client)
    kept = newcomer.home / ".camunda" / "credentials"
    first = kept.read_text()
    greet(newcomer, java_client)

    assert client_id(newcomer) in first
    assert kept.read_text() == first
    assert granted(guarded, newcomer, "zeebe-client-java/8.6.9") == 1


def client_id(application: Application) -> str:
    return variables(application.credentials)["ZEEBE_CLIENT_ID"]


def granted(product: Product, application: Application, agent: str) -> int:
    """
    How many tokens the log says the application got with this user agent: all that it asked for until now.
    """
    access_token(application.credentials)  # the log is in order: when this request is in it, so are all before
    own = f"client_id={client_id(application)}"
    deadline = time.monotonic() + LOG_SECONDS
    while True:
        lines = [line for line in product.errors.splitlines() if own in line and "granted" in line]
        if any("user_agent=Python-urllib" in line for line in lines):
            return sum(f"user_agent={agent}" in line for line in lines)
        assert time.monotonic() < deadline, "the token request did not appear in the log"
        time.sleep(0.05)
