"""
The smallest real calls, over generated gRPC stubs and plain HTTP, with nothing in between that could soften an answer.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pyzeebe.proto import gateway_pb2, gateway_pb2_grpc

CALL_SECONDS = 20
LARGE_BYTES = 3_500_000  # Zeebe takes messages of up to 4 MB


@dataclass(frozen=True, slots=True)
class Answer:
    """
    An HTTP answer: `type` is the content type without parameters, `body` the parsed JSON.
    """

    status: int
    type: str
    body: Any
    challenge: str | None


def grpc_topology(address: str, token: str | None) -> tuple[grpc.StatusCode, str]:
    """
    The code of a Topology call, and the server's version or the refusal's text.
    """
    with grpc.insecure_channel(address) as channel:
        topology = gateway_pb2_grpc.GatewayStub(channel).Topology
        try:
            answer = topology(gateway_pb2.TopologyRequest(), metadata=bearer(token), timeout=CALL_SECONDS)
        except grpc.RpcError as refusal:
            return refusal.code(), refusal.details()
        return grpc.StatusCode.OK, answer.gatewayVersion


def rest_topology(base: str, token: str | None) -> Answer:
    """
    The answer to GET {base}/v2/topology.
    """
    request = urllib.request.Request(f"{base}/v2/topology", headers=dict(bearer(token)))
    try:
        with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:
            return _answer(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _answer(refusal)


@contextmanager
def greeting_asked(address: str, token: str, process: Path, worker: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """
    Deploy `process` and ask for one instance whose job has the type `worker`.

    Yields a function that waits for the instance's end and returns its variables.
    """
    with grpc.insecure_channel(address) as channel:
        ending = _started(channel, token, process, {"worker": worker})
        yield lambda: json.loads(ending.result().variables)


def finished_instance(address: str, token: str | None, process: Path, given: Mapping[str, object]) -> dict[str, Any]:
    """
    Deploy `process`, start one instance with the variables `given` and return its variables when it has ended.
    """
    with grpc.insecure_channel(address) as channel:
        ended: dict[str, Any] = json.loads(_started(channel, token, process, given).result().variables)
        return ended


def start_instance(address: str, token: str, process: Path, **given: object) -> None:
    """
    Deploy `process` and start an instance with the variables `given`; do not wait for its end.
    """
    with grpc.insecure_channel(address) as channel:
        wanted = _wanted_instance(channel, token, process, given)
        stub = gateway_pb2_grpc.GatewayStub(channel)
        stub.CreateProcessInstance(wanted, metadata=bearer(token), timeout=CALL_SECONDS)


def _started(channel: grpc.Channel, token: str | None, process: Path, given: Mapping[str, object]) -> Any:
    wanted = _wanted_instance(channel, token, process, given)
    return gateway_pb2_grpc.GatewayStub(channel).CreateProcessInstanceWithResult.future(
        gateway_pb2.CreateProcessInstanceWithResultRequest(request=wanted, requestTimeout=CALL_SECONDS * 1000),
        metadata=bearer(token),
        timeout=CALL_SECONDS,
    )


def _wanted_instance(channel: grpc.Channel, token: str | None, process: Path, given: Mapping[str, object]) -> Any:
    resource = gateway_pb2.Resource(name=process.name, content=process.read_bytes())
    deployed = gateway_pb2_grpc.GatewayStub(channel).DeployResource(
        gateway_pb2.DeployResourceRequest(resources=[resource]), metadata=bearer(token), timeout=CALL_SECONDS
    )
    return gateway_pb2.CreateProcessInstanceRequest(
        bpmnProcessId=deployed.deployments[0].process.bpmnProcessId, version=-1, variables=json.dumps(given)
    )


def activated_job(address: str, token: str, worker: str, seconds: int = CALL_SECONDS) -> str:
    """
    The key of the next job of the type `worker`, for which the call waits.
    """
    request = gateway_pb2.ActivateJobsRequest(
        type=worker,
        worker="tests",
        timeout=CALL_SECONDS * 1000,
        maxJobsToActivate=1,
        requestTimeout=seconds * 1000,
    )
    with grpc.insecure_channel(address) as channel:
        answers = gateway_pb2_grpc.GatewayStub(channel).ActivateJobs(request, metadata=bearer(token), timeout=seconds)
        return next(str(job.key) for answer in answers for job in answer.jobs)


def _answer(answer: Any) -> Answer:
    return Answer(
        status=answer.status,
        type=answer.headers.get_content_type(),
        body=json.loads(answer.read()),
        challenge=answer.headers["WWW-Authenticate"],
    )


def bearer(token: str | None) -> tuple[tuple[str, str], ...]:
    """
    The one header or metadata entry that carries a token.
    """
    return () if token is None else (("authorization", f"Bearer {token}"),)
