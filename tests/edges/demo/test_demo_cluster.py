"""
The demo cluster over real sockets, asked by real clients: pyzeebe by gRPC, camunda-orchestration-sdk by REST.
"""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from camunda_orchestration_sdk import CamundaClient
from camunda_orchestration_sdk.models import ProcessCreationById, ProcessInstanceCreationInstructionBaseVariables
from camunda_orchestration_sdk.semantic_types import ProcessDefinitionId
from pyzeebe import ZeebeClient, ZeebeWorker, create_insecure_channel
from pyzeebe.errors import ProcessInstanceNotFoundError
from pyzeebe.proto import gateway_pb2 as messages
from pyzeebe.proto.gateway_pb2_grpc import GatewayStub

from gatekey.demo.cluster import VERSION
from support.demo import GATEKEY, RunningDemo, demo_cluster
from support.models import model, task

MODEL = model(task("greet", "=worker"), "start>greet", "greet>end", process_id="greeting")
ASK = model('<bpmn:userTask id="ask" name="Ask"/>', "start>ask", "ask>end", process_id="asking")


@pytest.fixture(scope="module")
def demo() -> Iterator[RunningDemo]:
    with demo_cluster() as running:
        yield running


@pytest.fixture(scope="module")
def rest(demo: RunningDemo) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{demo.rest}/v2", trust_env=False) as client:
        deployed = client.post(
            "/deployments",
            files=[("resources", ("greeting.bpmn", MODEL)), ("resources", ("asking.bpmn", ASK))],
        )
        assert 200 == deployed.status_code, deployed.text
        yield client


def test_it_says_what_it_is(demo: RunningDemo) -> None:
    assert VERSION in demo.said
    assert "not Camunda" in demo.said


def test_pyzeebe_deploys_starts_and_works_a_job(demo: RunningDemo, tmp_path: Path) -> None:
    path = tmp_path / "greeting.bpmn"
    path.write_bytes(MODEL)

    async def story() -> dict[str, Any]:
        channel = create_insecure_channel(grpc_address=demo.grpc)
        client, worker = ZeebeClient(channel), ZeebeWorker(channel)

        @worker.task(task_type="pyzeebe")  # type: ignore[arg-type] # its own types want no parameters
        async def greet(name: str) -> dict[str, str]:
            return {"greeting": f"Hello, {name}"}

        await client.deploy_resource(str(path))
        working = asyncio.create_task(worker.work())
        ended = await client.run_process_with_result("greeting", {"worker": "pyzeebe", "name": "Ada"})
        await worker.stop()
        await working
        with pytest.raises(ProcessInstanceNotFoundError):
            await client.cancel_process_instance(ended.process_instance_key)
        await channel.close()
        return dict(ended.variables)

    assert {"worker": "pyzeebe", "name": "Ada", "greeting": "Hello, Ada"} == asyncio.run(story())


def test_jobs_are_streamed_to_whoever_listens(demo: RunningDemo, rest: httpx.Client) -> None:
    async def story() -> tuple[str, str]:
        async with grpc.aio.insecure_channel(demo.grpc) as channel:
            request = messages.StreamActivatedJobsRequest(type="streamed", worker="tester", timeout=1_000)
            stream = GatewayStub(channel).StreamActivatedJobs(request)
            reading = asyncio.ensure_future(stream.read())
            body = {"processDefinitionId": "greeting", "variables": {"worker": "streamed"}}
            created = await asyncio.to_thread(rest.post, "/process-instances", json=body)
            job = await reading
            stream.cancel()
            return created.json()["processInstanceKey"], str(job.processInstanceKey)

    first, second = asyncio.run(story())

    assert first == second


def test_what_the_engine_has_not_is_unimplemented_in_words(demo: RunningDemo) -> None:
    async def story() -> grpc.aio.AioRpcError:
        async with grpc.aio.insecure_channel(demo.grpc) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await GatewayStub(channel).BroadcastSignal(messages.BroadcastSignalRequest(signalName="x"))
            return refused.value

    error = asyncio.run(story())

    assert (grpc.StatusCode.UNIMPLEMENTED, True) == (error.code(), "has no signals" in str(error.details()))


def test_the_orchestration_sdk_runs_an_instance_by_rest(demo: RunningDemo, rest: httpx.Client) -> None:
    variables = ProcessInstanceCreationInstructionBaseVariables.from_dict({"worker": "sdk"})
    wanted = ProcessCreationById(process_definition_id=ProcessDefinitionId("greeting"), variables=variables)
    with CamundaClient(configuration={"CAMUNDA_REST_ADDRESS": demo.rest, "CAMUNDA_AUTH_STRATEGY": "NONE"}) as client:
        created = client.create_process_instance(data=wanted)
        activation = {"type": "sdk", "timeout": 60_000, "maxJobsToActivate": 1}
        [job] = rest.post("/jobs/activation", json=activation).json()["jobs"]
        rest.post(f"/jobs/{job['jobKey']}/completion", json={"variables": {"done": True}})
        ended = client.get_process_instance(process_instance_key=created.process_instance_key)

        assert VERSION == client.get_topology().gateway_version
        assert "COMPLETED" == ended.state.value
        assert client.search_process_definitions().page.total_items >= 2


def test_a_user_task_is_found_assigned_and_completed(rest: httpx.Client) -> None:
    created = rest.post("/process-instances", json={"processDefinitionId": "asking"}).json()
    key = created["processInstanceKey"]
    [found] = rest.post("/user-tasks/search", json={"filter": {"processInstanceKey": key}}).json()["items"]
    assigned = rest.post(f"/user-tasks/{found['userTaskKey']}/assignment", json={"assignee": "ada"})
    completed = rest.post(f"/user-tasks/{found['userTaskKey']}/completion", json={"variables": {"approved": True}})
    values = rest.post("/variables/search", json={"filter": {"processInstanceKey": key}}).json()["items"]

    assert (204, 204) == (assigned.status_code, completed.status_code)
    assert [("approved", "true")] == [(each["name"], each["value"]) for each in values]
    assert "COMPLETED" == rest.get(f"/process-instances/{key}").json()["state"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/process-instances", {"processDefinitionId": "gone"}, 404, "No process is deployed with gone."),
        ("POST", "/process-instances", {"processDefinitionId": 3}, 400, "processDefinitionId must be a text."),
        ("POST", "/jobs/1/completion", {}, 404, "No job is open with key 1."),
        ("POST", "/jobs/activation", {"type": "x"}, 400, "type, timeout and maxJobsToActivate are needed"),
        ("POST", "/jobs/search", {"filter": {"colour": "red"}}, 400, "the filter colour is not known"),
        ("POST", "/messages/correlation", {"name": "x", "correlationKey": "y"}, 404, "Nothing waits for the message x"),
        ("GET", "/process-instances/1", None, 404, "There is nothing with the key 1."),
    ],
)
def test_what_cannot_be_done_is_a_problem_in_words(  # noqa: PLR0913, PLR0917 - a request and its answer
    rest: httpx.Client, method: str, path: str, body: dict[str, Any] | None, status: int, words: str
) -> None:
    answer = rest.request(method, path, json=body)

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert words in answer.json()["detail"]
    assert f"/v2{path}" == answer.json()["instance"]


def test_a_model_that_cannot_be_run_is_refused_by_element(rest: httpx.Client) -> None:
    refused = rest.post("/deployments", files={"resources": ("a.bpmn", model('<bpmn:callActivity id="call"/>'))})

    assert (400, "a.bpmn: callActivity call: the demo cluster does not run this element") == (
        refused.status_code,
        refused.json()["detail"],
    )


def refused_start(*options: str) -> subprocess.CompletedProcess[str]:
    command = [str(GATEKEY), "demo-cluster", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_listens_on_loopback_only() -> None:
    refused = refused_start("--rest", "0.0.0.0:8510")

    assert 0 != refused.returncode
    assert "on loopback only" in refused.stderr


def test_a_taken_address_is_named(demo: RunningDemo) -> None:
    refused = refused_start("--grpc", demo.grpc, "--rest", "127.0.0.1:1")

    assert 0 != refused.returncode
    assert "is taken" in refused.stderr
