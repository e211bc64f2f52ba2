"""
The official clients, each as a program that deploys a process, starts an instance, works its job and prints what came:
the cluster's version and the greeting, by each protocol that it speaks.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from support.clients import installed_node_modules, python_package, zbctl
from support.java import compiled

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
PROCESS = HERE / "greeting.bpmn"
STORE_SECRET = "changeit"  # Java's usual one: a trust store holds nothing secret


@dataclass(frozen=True)
class Authority:
    """
    A certificate authority that clients are told to trust: as PEM, and as a trust store for Java.
    """

    pem: Path
    store: Path


def truststore_of_the_jvm(authority: Authority) -> dict[str, str]:
    trusted = f"-Djavax.net.ssl.trustStore={authority.store} -Djavax.net.ssl.trustStorePassword={STORE_SECRET}"
    return {"JAVA_TOOL_OPTIONS": trusted}


@dataclass(frozen=True)
class Client:
    """
    An official client: `command` starts its program; `trust` are the variables that it needs beside the credentials
    file for a private authority, by docs/how-to/connect-a-client.md.
    """

    name: str
    command: Callable[[Path, str], tuple[str | Path, ...]]
    trust: Callable[[Authority], Mapping[str, str]] = lambda _authority: {}
    variables: Callable[[], Mapping[str, str]] = dict


def python(program: str, *more: Callable[[], Path]) -> Callable[[Path, str], tuple[str | Path, ...]]:
    return lambda _home, job: (sys.executable, PROGRAMS / program, PROCESS, job, *(each() for each in more))


def node(program: str, *more: str) -> Callable[[Path, str], tuple[str | Path, ...]]:
    return lambda _home, job: ("node", PROGRAMS / program, PROCESS, job, *more)


def java(folder: str, program: str = "") -> Callable[[Path, str], tuple[str | Path, ...]]:
    return lambda home, job: compiled(folder, program).command("Greets", home, PROCESS, job)


def node_path() -> dict[str, str]:
    return {"NODE_PATH": str(installed_node_modules())}


CLIENTS = (
    Client("zbctl 8.4", python("zbctl_greets.py", zbctl)),
    Client("zeebe-client-java 8.6", java("zeebe-client"), truststore_of_the_jvm),
    Client("camunda-client-java 8.8", java("camunda-client"), truststore_of_the_jvm),
    Client("camunda-client-java 8.9", java("camunda-client-8.9", "camunda-client"), truststore_of_the_jvm),
    Client("pyzeebe", python("pyzeebe_greets.py")),
    Client(
        "camunda-orchestration-sdk 9",
        python("orchestration_sdk_greets.py"),
        variables=lambda: {"PYTHONPATH": str(python_package("orchestration-sdk-9"))},
    ),
    Client("camunda-orchestration-sdk 10", python("orchestration_sdk_greets.py")),
    Client("@camunda8/sdk 8.8", node("node_sdk_greets.cjs"), variables=node_path),
    *(
        Client(
            f"@camunda8/orchestration-cluster-api {version}",
            node("orchestration_api_greets.mjs", f"orchestration-cluster-api-{version}"),
            variables=node_path,
        )
        for version in ("8.8", "9")
    ),
)


def outcome(printed: str) -> dict[str, set[str]]:
    """
    What a program found: `versions` and `greetings`. Its last line; some clients log to standard output.
    """
    return {name: set(values) for name, values in json.loads(printed.splitlines()[-1]).items()}
