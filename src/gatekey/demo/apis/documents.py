"""What the demo cluster knows, as the Orchestration Cluster REST API (v2) writes it. Pure; keys are texts."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from gatekey.demo.cluster import VERSION
from gatekey.demo.model import (
    Definition,
    ElementInstance,
    Incident,
    Instance,
    Job,
    JobState,
    State,
    Subscription,
    UserTask,
    Variable,
)

TENANT = "<default>"
Document = dict[str, Any]

TYPES = {
    "startEvent": "START_EVENT",
    "endEvent": "END_EVENT",
    "serviceTask": "SERVICE_TASK",
    "sendTask": "SEND_TASK",
    "scriptTask": "SCRIPT_TASK",
    "businessRuleTask": "BUSINESS_RULE_TASK",
    "userTask": "USER_TASK",
    "receiveTask": "RECEIVE_TASK",
    "manualTask": "MANUAL_TASK",
    "task": "TASK",
    "exclusiveGateway": "EXCLUSIVE_GATEWAY",
    "parallelGateway": "PARALLEL_GATEWAY",
    "intermediateCatchEvent": "INTERMEDIATE_CATCH_EVENT",
    "intermediateThrowEvent": "INTERMEDIATE_THROW_EVENT",
    "boundaryEvent": "BOUNDARY_EVENT",
}


def time_of(milliseconds: int | None) -> str | None:
    """Return an instant as the API writes it, None for one that has not come."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def topology() -> Document:
    """One broker with one partition."""
    partition = {"partitionId": 1, "role": "leader", "health": "healthy", "state": "active"}
    broker = {
        "nodeId": 0,
        "brokerId": "0",
        "host": "localhost",
        "port": 26501,
        "partitions": [partition],
        "version": VERSION,
    }
    return {
        "brokers": [broker],
        "clusterId": None,
        "clusterSize": 1,
        "partitionsCount": 1,
        "replicationFactor": 1,
        "gatewayVersion": VERSION,
        "lastCompletedChangeId": "-1",
    }


def definition(found: Definition) -> Document:
    """A process definition."""
    return {
        "processDefinitionKey": str(found.key),
        "processDefinitionId": found.process.process_id,
        "name": found.process.name,
        "version": found.version,
        "versionTag": None,
        "resourceName": found.process.resource,
        "tenantId": TENANT,
        "hasStartForm": False,
        "state": "ACTIVE",
    }


def deployment(key: int, found: tuple[Definition, ...]) -> Document:
    """What a deployment brought."""
    others = dict.fromkeys(("decisionDefinition", "decisionRequirements", "form", "resource"))
    return {
        "deploymentKey": str(key),
        "tenantId": TENANT,
        "deployments": [
            {
                "processDefinition": {
                    "processDefinitionId": each.process.process_id,
                    "processDefinitionVersion": each.version,
                    "processDefinitionKey": str(each.key),
                    "resourceName": each.process.resource,
                    "tenantId": TENANT,
                },
                **others,
            }
            for each in found
        ],
    }


def created(found: Instance, variables: Document) -> Document:
    """An instance that was just started, with what came of it where that was asked for."""
    return {
        "processInstanceKey": str(found.key),
        "processDefinitionKey": str(found.definition.key),
        "processDefinitionId": found.definition.process.process_id,
        "processDefinitionVersion": found.definition.version,
        "tenantId": TENANT,
        "variables": variables,
        "tags": [],
        "businessId": None,
    }


def instance(found: Instance) -> Document:
    """A process instance."""
    return {
        "processInstanceKey": str(found.key),
        "processDefinitionKey": str(found.definition.key),
        "processDefinitionId": found.definition.process.process_id,
        "processDefinitionName": found.definition.process.name,
        "processDefinitionVersion": found.definition.version,
        "processDefinitionVersionTag": None,
        "startDate": time_of(found.started),
        "endDate": time_of(found.ended),
        "suspendedDate": None,
        "state": found.state.value,
        "hasIncident": any(not incident.resolved for each in found.elements.values() for incident in each.incidents),
        "tenantId": TENANT,
        "parentProcessInstanceKey": None,
        "parentElementInstanceKey": None,
        "rootProcessInstanceKey": str(found.key),
        "tags": [],
        "businessId": None,
    }


def element(found: ElementInstance) -> Document:
    """An element instance."""
    open_incidents = [each for each in found.incidents if not each.resolved]
    return {
        **_place(found),
        "elementName": found.node.name,
        "type": TYPES[found.node.kind],
        "state": found.state.value,
        "startDate": time_of(found.started),
        "endDate": time_of(found.ended),
        "hasIncident": bool(open_incidents),
        "incidentKey": str(open_incidents[0].key) if open_incidents else None,
    }


def statistics(found: Instance) -> list[Document]:
    """How often each element of an instance was entered, and what became of it."""
    elements = found.elements.values()
    states = Counter((each.node.node_id, each.state) for each in elements)
    stopped = Counter(each.node.node_id for each in elements if any(not one.resolved for one in each.incidents))
    return [
        {
            "elementId": node,
            "active": states[node, State.ACTIVE],
            "canceled": states[node, State.TERMINATED],
            "incidents": stopped[node],
            "completed": states[node, State.COMPLETED],
        }
        for node in dict.fromkeys(each.node.node_id for each in elements)
    ]


def sequence_flows(found: Instance) -> list[Document]:
    """The sequence flows that tokens of an instance went."""
    place = {
        "processInstanceKey": str(found.key),
        "rootProcessInstanceKey": str(found.key),
        "processDefinitionKey": str(found.definition.key),
        "processDefinitionId": found.definition.process.process_id,
        "tenantId": TENANT,
    }
    return [{"sequenceFlowId": f"{found.key}_{each}", "elementId": each, **place} for each in sorted(found.taken)]


def activated_job(found: Job, variables: Document) -> Document:
    """A job as it is handed to a worker."""
    instance_of = found.element.instance
    return {
        **_place(found.element),
        "jobKey": str(found.key),
        "type": found.type,
        "processDefinitionVersion": instance_of.definition.version,
        "customHeaders": dict(found.headers),
        "worker": found.worker,
        "retries": found.retries,
        "deadline": found.deadline,
        "variables": variables,
        "physicalTenantId": TENANT,
        "kind": "BPMN_ELEMENT",
        "listenerEventType": "UNSPECIFIED",
        "userTask": None,
        "tags": [],
        "businessId": None,
        "priority": 0,
        "jobLeaseToken": None,
    }


def job(found: Job) -> Document:
    """A job as it is searched for."""
    return {
        **_place(found.element),
        "jobKey": str(found.key),
        "type": found.type,
        "worker": found.worker,
        "state": found.state.value,
        "retries": found.retries,
        "customHeaders": dict(found.headers),
        "deadline": time_of(found.deadline or None),
        "deniedReason": None,
        "isDenied": False,
        "errorCode": found.error_code or None,
        "errorMessage": found.error_message or None,
        "hasFailedWithRetriesLeft": bool(found.error_message) and found.retries > 0,
        "kind": "BPMN_ELEMENT",
        "listenerEventType": "UNSPECIFIED",
        "businessId": None,
        "creationTime": time_of(found.created),
        "lastUpdateTime": time_of(found.ended or found.created),
        "endTime": time_of(found.ended),
        "priority": 0,
    }


def user_task(found: UserTask) -> Document:
    """A user task."""
    definition_of = found.element.instance.definition
    return {
        **_place(found.element),
        "userTaskKey": str(found.key),
        "name": found.element.node.name,
        "state": found.state.value,
        "assignee": found.assignee,
        "candidateGroups": [],
        "candidateUsers": [],
        "creationDate": time_of(found.created),
        "completionDate": time_of(found.ended) if found.state is JobState.COMPLETED else None,
        "followUpDate": None,
        "dueDate": None,
        "externalFormReference": None,
        "processDefinitionVersion": definition_of.version,
        "customHeaders": dict(found.element.node.headers),
        "processName": definition_of.process.name,
        "businessId": None,
        "formKey": None,
        "tags": [],
        "priority": 50,
    }


def variable(found: Variable, instance_key: int, value: str) -> Document:
    """A variable; `value` is its JSON text."""
    return {
        "variableKey": str(found.key),
        "name": found.name,
        "value": value,
        "isTruncated": False,
        "scopeKey": str(found.scope),
        "processInstanceKey": str(instance_key),
        "rootProcessInstanceKey": str(instance_key),
        "tenantId": TENANT,
    }


def subscription(found: Subscription) -> Document:
    """An element that waits for a message; its key is the element's."""
    return {
        **_place(found.element),
        "messageSubscriptionKey": str(found.element.key),
        "messageSubscriptionState": "CREATED",
        "messageSubscriptionType": "PROCESS_EVENT",
        "lastUpdatedDate": time_of(found.element.started),
        "messageName": found.name,
        "correlationKey": found.correlation_key,
        "processDefinitionName": found.element.instance.definition.process.name,
        "processDefinitionVersion": found.element.instance.definition.version,
        "extensionProperties": {},
        "toolName": None,
        "inboundConnectorType": None,
    }


def incident(found: Incident) -> Document:
    """An incident."""
    return {
        **_place(found.element),
        "incidentKey": str(found.key),
        "errorType": found.kind,
        "errorMessage": found.message,
        "creationTime": time_of(found.created),
        "state": "RESOLVED" if found.resolved else "ACTIVE",
        "jobKey": str(found.job.key) if found.job else None,
    }


def _place(found: ElementInstance) -> Document:
    """Where something is: element, instance and definition."""
    return {
        "elementId": found.node.node_id,
        "elementInstanceKey": str(found.key),
        "processInstanceKey": str(found.instance.key),
        "rootProcessInstanceKey": str(found.instance.key),
        "processDefinitionKey": str(found.instance.definition.key),
        "processDefinitionId": found.instance.definition.process.process_id,
        "tenantId": TENANT,
    }
