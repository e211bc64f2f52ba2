"""
Unmodified clients, given the downloaded credentials file and nothing more than their word for "plaintext".
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from real.calls import LARGE_BYTES, activated_job, greeting_asked
from support.camunda import Application
from support.product import Product

pytestmark = pytest.mark.real

PROCESS = Path(__file__).with_name("greeting.bpmn")
PROGRAMS = Path(__file__).with_name("programs")


def test_zbctl_reaches_the_cluster(application: Application, zbctl: Path) -> None:
    done = application.run(zbctl, "--insecure", "status")

    assert "Gateway version: 8.6.0" in done.stdout


def test_zbctl_deploys_starts_activates_and_completes(application: Application, zbctl: Path) -> None:
    def command(*arguments: str | Path) -> str:
        return application.run(zbctl, "--insecure", *arguments).stdout

    deployed = json.loads(command("deploy", "resource", PROCESS))
    with ThreadPoolExecutor() as aside:
        variables = json.dumps({"worker": "zbctl", "name": "Edsger"})
        ending = aside.submit(command, "create", "instance", "greeting", "--variables", variables, "--withResult")
        activated = json.loads(command("activate", "jobs", "zbctl", "--maxJobsToActivate", "1"))
        (job,) = activated["jobs"]
        command("complete", "job", job["key"], "--variables", json.dumps({"greeting": "Hello, Edsger!"}))
        ended = json.loads(ending.result())

    assert deployed["deployments"][0]["process"]["bpmnProcessId"] == "greeting"
    assert json.loads(ended["variables"])["greeting"] == "Hello, Edsger!"


def test_zbctl_deploys_several_megabytes(application: Application, zbctl: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.bpmn"
    large.write_bytes(PROCESS.read_bytes() + b"<!-- " + b"x" * LARGE_BYTES + b" -->\n")
    deployed = json.loads(application.run(zbctl, "--insecure", "deploy", "resource", large).stdout)

    assert deployed["deployments"][0]["process"]["resourceName"] == str(large)


def test_pyzeebe_deploys_starts_works_and_completes(application: Application) -> None:
    # oauthlib asks to be told that the token URL is plain http.
    done = application.run(sys.executable, PROGRAMS / "pyzeebe_greets.py", PROCESS, OAUTHLIB_INSECURE_TRANSPORT="1")
    outcome = json.loads(done.stdout)

    assert outcome["gateway"] == "8.6.0"
    assert outcome["variables"]["greeting"] == "Hello, Ada!"


def test_the_node_sdk_deploys_starts_works_and_completes(application: Application, node_modules: Path) -> None:
    done = application.run("node", PROGRAMS / "node_sdk_greets.cjs", PROCESS, NODE_PATH=str(node_modules))
    outcome = json.loads(done.stdout.splitlines()[-1])

    assert outcome["grpc"] == "8.6.0"
    assert outcome["rest"] == "8.6.0"
    assert outcome["variables"]["greeting"] == "Hello, Grace!"


def test_the_orchestration_sdk_completes_a_job_by_rest(application: Application, guarded: Product, token: str) -> None:
    with greeting_asked(guarded.gateway, token, PROCESS, "orchestration-sdk") as ended:
        job = activated_job(guarded.gateway, token, "orchestration-sdk")
        done = application.run(sys.executable, PROGRAMS / "orchestration_sdk_completes.py", job)
        outcome = json.loads(done.stdout)
        variables = ended()

    assert outcome["status"] == 200
    assert outcome["topology"]["gatewayVersion"] == "8.6.0"
    assert variables["worker"] == "orchestration-sdk"


def test_the_doctor_finds_all_well(guarded: Product, credentials: Path) -> None:
    done = guarded.cli("doctor", str(credentials))

    assert "All is well." in done.stdout
