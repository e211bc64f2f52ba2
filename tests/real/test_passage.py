"""
What must pass the gateway whole: large messages, uploads, streams and waiting calls.
"""

import json
import urllib.request
import uuid

import grpc
import pytest
from pyzeebe.proto import gateway_pb2, gateway_pb2_grpc

from real.applications import PROCESS
from real.calls import CALL_SECONDS, LARGE_BYTES, bearer, greeting_asked
from support.product import Product

pytestmark = pytest.mark.real


def test_a_deployment_of_several_megabytes_passes_by_grpc(guarded: Product, token: str) -> None:
    process = PROCESS.read_bytes() + b"<!-- " + b"x" * LARGE_BYTES + b" -->\n"
    request = gateway_pb2.DeployResourceRequest(resources=[gateway_pb2.Resource(name="large.bpmn", content=process)])
    with grpc.insecure_channel(guarded.gateway) as channel:
        answer = gateway_pb2_grpc.GatewayStub(channel).DeployResource(
            request, metadata=bearer(token), timeout=CALL_SECONDS
        )

    assert answer.deployments[0].process.bpmnProcessId == "greeting"


def test_a_multipart_deployment_passes_by_rest(rest_base: str, token: str) -> None:
    boundary = uuid.uuid4().hex
    head = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="resources"; filename="greeting.bpmn"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    request = urllib.request.Request(
        f"{rest_base}/v2/deployments",
        head.encode() + PROCESS.read_bytes() + f"\r\n--{boundary}--\r\n".encode(),
        {"Content-Type": f"multipart/form-data; boundary={boundary}", **dict(bearer(token))},
    )
    with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:
        deployed = json.load(answer)

    assert deployed["deployments"][0]["processDefinition"]["processDefinitionId"] == "greeting"


def test_a_job_arrives_on_an_open_stream(guarded: Product, token: str) -> None:
    wanted = gateway_pb2.StreamActivatedJobsRequest(type="streamed", worker="tests", timeout=CALL_SECONDS * 1000)
    with grpc.insecure_channel(guarded.gateway) as channel:
        gateway = gateway_pb2_grpc.GatewayStub(channel)
        jobs = gateway.StreamActivatedJobs(wanted, metadata=bearer(token), timeout=CALL_SECONDS)
        with greeting_asked(guarded.gateway, token, PROCESS, "streamed") as ended:
            job = next(jobs)
            gateway.CompleteJob(
                gateway_pb2.CompleteJobRequest(jobKey=job.key), metadata=bearer(token), timeout=CALL_SECONDS
            )
            variables = ended()
        jobs.cancel()

    assert job.bpmnProcessId == "greeting"
    assert variables == {"worker": "streamed"}


def test_a_call_that_waits_for_jobs_waits_and_ends_empty(guarded: Product, token: str) -> None:
    waiting = gateway_pb2.ActivateJobsRequest(
        type="nobody-asks-for-this", worker="tests", timeout=1000, maxJobsToActivate=1, requestTimeout=2000
    )
    with grpc.insecure_channel(guarded.gateway) as channel:
        answers = gateway_pb2_grpc.GatewayStub(channel).ActivateJobs(
            waiting, metadata=bearer(token), timeout=CALL_SECONDS
        )
        jobs = [job for answer in answers for job in answer.jobs]

    assert jobs == []
