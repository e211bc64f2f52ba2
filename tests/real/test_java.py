"""
The official Java clients, compiled into small programs and given the downloaded credentials file.

The older one is told "plaintext" by a variable; the newer one needs none. Both keep tokens in ~/.camunda/credentials.
"""

from pathlib import Path

import pytest

from real.conftest import create_client
from real.tokens import granted, variables
from support.camunda import Application
from support.java import JavaProgram
from support.product import Product

pytestmark = pytest.mark.real

PROCESS = Path(__file__).with_name("greeting.bpmn")
PLAINTEXT = {"ZEEBE_INSECURE_CONNECTION": "true"}


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

    assert variables(newcomer.credentials)["ZEEBE_CLIENT_ID"] in first
    assert kept.read_text() == first
    assert granted(guarded, newcomer.credentials, "zeebe-client-java/8.6.9") == 1


def test_the_newer_java_client_needs_nothing_but_the_file(
    guarded: Product, newcomer: Application, newer_java_client: JavaProgram
) -> None:
    done = newcomer.run(*newer_java_client.command("Greets", newcomer.home, PROCESS))
    by_rest, by_grpc, ended = done.stdout.splitlines()

    assert (by_rest, by_grpc) == ("8.6.0", "8.6.0")
    assert '"greeting":"Hello, Barbara!"' in ended
    assert granted(guarded, newcomer.credentials, "camunda-client-java/8.8.7") == 1
