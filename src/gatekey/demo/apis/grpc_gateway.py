"""
Zeebe's gRPC gateway over the demo cluster: every method works, or answers UNIMPLEMENTED and says what is missing.

The messages are those of gateway.proto as pyzeebe (MIT) carries them.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import grpc
from pyzeebe.proto import gateway_pb2 as messages
from pyzeebe.proto.gateway_pb2_grpc import GatewayServicer, add_GatewayServicer_to_server

from gatekey.demo.bpmn import LARGEST
from gatekey.demo.cluster import VERSION, DemoCluster
from gatekey.demo.model import Definition, Job, Problem, Rejected

Context = Any
"""grpc.aio.ServicerContext; grpc ships no types."""

TENANT = "<default>"
RESULT_SECONDS = 10.0
"""How long a result is waited for unless the request says otherwise."""

STATUS = {
    Problem.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Problem.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Problem.STATE: grpc.StatusCode.FAILED_PRECONDITION,
    Problem.EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Problem.FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
}

NOT_HERE = {
    "EvaluateDecision": "DMN decisions",
    "ModifyProcessInstance": "changing where a process instance stands",
    "MigrateProcessInstance": "migrating process instances",
    "BroadcastSignal": "signals",
}
"""What the engine has not, in words for whoever asks for it."""


class Gateway(GatewayServicer):
    """Translates messages into commands; method names are those of gateway.proto."""

    def __init__(self, cluster: DemoCluster) -> None:
        self._cluster, self._engine = cluster, cluster.engine

    async def Topology(self, _request: Any, _context: Context) -> Any:
        """Tell of the one broker with its one partition."""
        partition = messages.Partition(partitionId=1, role=messages.Partition.LEADER, health=messages.Partition.HEALTHY)
        broker = messages.BrokerInfo(nodeId=0, host="localhost", port=26501, partitions=[partition], version=VERSION)
        return messages.TopologyResponse(
            brokers=[broker], clusterSize=1, partitionsCount=1, replicationFactor=1, gatewayVersion=VERSION
        )

    async def DeployResource(self, request: Any, context: Context) -> Any:
        """Deploy BPMN files."""
        resources = [(each.name, each.content) for each in request.resources]
        key, found = await self._do(context, lambda: self._engine.deploy(resources))
        deployed = [messages.Deployment(process=_metadata(each)) for each in found]
        return messages.DeployResourceResponse(key=key, deployments=deployed, tenantId=TENANT)

    async def DeployProcess(self, request: Any, context: Context) -> Any:
        """Deploy BPMN files, as clients before 8.0 do."""
        resources = [(each.name, each.definition) for each in request.processes]
        key, found = await self._do(context, lambda: self._engine.deploy(resources))
        return messages.DeployProcessResponse(key=key, processes=[_metadata(each) for each in found])

    async def DeleteResource(self, request: Any, context: Context) -> Any:
        """Forget a deployed process."""
        await self._do(context, lambda: self._engine.delete_definition(request.resourceKey))
        return messages.DeleteResourceResponse()

    async def CreateProcessInstance(self, request: Any, context: Context) -> Any:
        """Start an instance."""
        instance = await self._create(request, context)
        return messages.CreateProcessInstanceResponse(
            **_identity(instance.definition), processInstanceKey=instance.key, tenantId=TENANT
        )

    async def CreateProcessInstanceWithResult(self, request: Any, context: Context) -> Any:
        """Start an instance and wait until it ends."""
        instance = await self._create(request.request, context)
        patience = request.requestTimeout / 1000 if request.requestTimeout > 0 else RESULT_SECONDS
        if not await self._cluster.ended(instance, patience):
            text = f"Process instance {instance.key} did not end within {patience:g} s; it goes on."
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, text)
        values = {name: each.value for name, each in instance.variables.items()}
        return messages.CreateProcessInstanceWithResultResponse(
            **_identity(instance.definition),
            processInstanceKey=instance.key,
            variables=json.dumps(_only(values, request.fetchVariables)),
            tenantId=TENANT,
        )

    async def CancelProcessInstance(self, request: Any, context: Context) -> Any:
        """End an instance."""
        await self._do(context, lambda: self._engine.cancel(request.processInstanceKey))
        return messages.CancelProcessInstanceResponse()

    async def SetVariables(self, request: Any, context: Context) -> Any:
        """Set variables of an instance or an element."""
        values = await self._read(request.variables, context)
        scope, local = request.elementInstanceKey, request.local
        key = await self._do(context, lambda: self._engine.set_variables(scope, values, local=local))
        return messages.SetVariablesResponse(key=key)

    async def ActivateJobs(self, request: Any, context: Context) -> AsyncIterator[Any]:
        """Hand out jobs, waiting for the first."""
        await self._check_worker(request, context)
        if request.maxJobsToActivate < 1:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "maxJobsToActivate must be at least 1.")
        jobs = await self._cluster.activate(
            request.type, request.worker, request.timeout, request.maxJobsToActivate, request.requestTimeout
        )
        if jobs:
            yield messages.ActivateJobsResponse(jobs=[_job(job, request.fetchVariable) for job in jobs])

    async def StreamActivatedJobs(self, request: Any, context: Context) -> AsyncIterator[Any]:
        """Hand out jobs as they come."""
        await self._check_worker(request, context)
        async for job in self._cluster.stream(request.type, request.worker, request.timeout):
            yield _job(job, request.fetchVariable)

    async def CompleteJob(self, request: Any, context: Context) -> Any:
        """Finish a job."""
        values = await self._read(request.variables, context)
        await self._do(context, lambda: self._engine.complete_job(request.jobKey, values))
        return messages.CompleteJobResponse()

    async def FailJob(self, request: Any, context: Context) -> Any:
        """Count a failure."""
        values = await self._read(request.variables, context)
        key, left, text, backoff = request.jobKey, request.retries, request.errorMessage, request.retryBackOff
        await self._do(context, lambda: self._engine.fail_job(key, left, text, backoff, values))
        return messages.FailJobResponse()

    async def ThrowError(self, request: Any, context: Context) -> Any:
        """Throw a BPMN error."""
        values = await self._read(request.variables, context)
        key, code, text = request.jobKey, request.errorCode, request.errorMessage
        await self._do(context, lambda: self._engine.throw_error(key, code, text, values))
        return messages.ThrowErrorResponse()

    async def UpdateJobRetries(self, request: Any, context: Context) -> Any:
        """Set how often a job may fail still."""
        await self._do(context, lambda: self._engine.update_job(request.jobKey, retries=request.retries))
        return messages.UpdateJobRetriesResponse()

    async def UpdateJobTimeout(self, request: Any, context: Context) -> Any:
        """Set how long a worker has still."""
        await self._do(context, lambda: self._engine.update_job(request.jobKey, timeout=request.timeout))
        return messages.UpdateJobTimeoutResponse()

    async def PublishMessage(self, request: Any, context: Context) -> Any:
        """Publish a message."""
        values = await self._read(request.variables, context)
        what = request.name, request.correlationKey, request.messageId
        message = await self._do(context, lambda: self._engine.publish(*what, values, request.timeToLive))
        return messages.PublishMessageResponse(key=message.key, tenantId=TENANT)

    async def ResolveIncident(self, request: Any, context: Context) -> Any:
        """Try again what an incident stopped."""
        await self._do(context, lambda: self._engine.resolve_incident(request.incidentKey))
        return messages.ResolveIncidentResponse()

    async def EvaluateDecision(self, _request: Any, context: Context) -> Any:
        """Refuse: there is no DMN engine."""
        await _not_here("EvaluateDecision", context)

    async def ModifyProcessInstance(self, _request: Any, context: Context) -> Any:
        """Refuse."""
        await _not_here("ModifyProcessInstance", context)

    async def MigrateProcessInstance(self, _request: Any, context: Context) -> Any:
        """Refuse."""
        await _not_here("MigrateProcessInstance", context)

    async def BroadcastSignal(self, _request: Any, context: Context) -> Any:
        """Refuse."""
        await _not_here("BroadcastSignal", context)

    async def _create(self, request: Any, context: Context) -> Any:
        values = await self._read(request.variables, context)
        if request.startInstructions:
            await context.abort(
                grpc.StatusCode.UNIMPLEMENTED, "The demo cluster starts instances at their start event."
            )
        process, version, key = request.bpmnProcessId, request.version, request.processDefinitionKey
        return await self._do(
            context, lambda: self._engine.create_instance(self._engine.definition(process, version or -1, key), values)
        )

    async def _do(self, context: Context, command: Callable[[], Any]) -> Any:
        try:
            return command()
        except Rejected as rejected:
            await context.abort(STATUS[rejected.problem], str(rejected))

    async def _read(self, text: str, context: Context) -> Mapping[str, Any]:
        try:
            values = json.loads(text or "{}")
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The variables must be a JSON object.")
        return dict(values)

    async def _check_worker(self, request: Any, context: Context) -> None:
        if not request.type or request.timeout < 1:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "A type and a timeout of at least 1 ms are needed.")


def grpc_server(cluster: DemoCluster, address: str) -> tuple[grpc.aio.Server, int]:
    """Return a server, not started, and the port that it has. Raises RuntimeError when the address is taken."""
    # Without SO_REUSEPORT a second demo cluster is told that the port is taken, instead of getting half of the calls.
    options = [("grpc.max_receive_message_length", LARGEST), ("grpc.so_reuseport", 0)]
    server = grpc.aio.server(options=options)
    add_GatewayServicer_to_server(Gateway(cluster), server)
    return server, server.add_insecure_port(address)


async def _not_here(method: str, context: Context) -> None:
    text = f"The demo cluster has no {NOT_HERE[method]}: it is a small engine for trying, not Camunda."
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, text)


def _identity(definition: Definition) -> dict[str, Any]:
    return {
        "processDefinitionKey": definition.key,
        "bpmnProcessId": definition.process.process_id,
        "version": definition.version,
    }


def _metadata(definition: Definition) -> Any:
    return messages.ProcessMetadata(**_identity(definition), resourceName=definition.process.resource, tenantId=TENANT)


def _job(job: Job, wanted: Iterable[str]) -> Any:
    definition = job.element.instance.definition
    return messages.ActivatedJob(
        key=job.key,
        type=job.type,
        processInstanceKey=job.element.instance.key,
        bpmnProcessId=definition.process.process_id,
        processDefinitionVersion=definition.version,
        processDefinitionKey=definition.key,
        elementId=job.element.node.node_id,
        elementInstanceKey=job.element.key,
        customHeaders=json.dumps(dict(job.headers)),
        worker=job.worker,
        retries=job.retries,
        deadline=job.deadline,
        variables=json.dumps(_only(job.element.visible, wanted)),
        tenantId=TENANT,
    )


def _only(values: Mapping[str, Any], wanted: Iterable[str]) -> dict[str, Any]:
    names = set(wanted)
    return {name: value for name, value in values.items() if not names or name in names}
