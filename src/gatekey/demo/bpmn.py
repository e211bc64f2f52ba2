"""
Reading BPMN 2.0 models with Camunda's `zeebe:` extensions into values that the engine runs. Pure.

What the engine cannot run is refused here, when a model is deployed, by element and with the reason: a process never
stops halfway because of something that this page does not know.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element as Xml
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from gatekey.demo.feel import Expression, FeelError, parse_value

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"

LARGEST = 4 * 1024 * 1024
"""Bytes of one model, as Zeebe's own default for a whole message."""

JOB_TASKS = frozenset({"serviceTask", "sendTask", "scriptTask", "businessRuleTask"})
PLAIN_TASKS = frozenset({"task", "manualTask"})
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway"})
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
RUNNABLE = JOB_TASKS | PLAIN_TASKS | GATEWAYS | EVENTS | {"userTask", "receiveTask"}

IGNORED = frozenset(
    {
        "sequenceFlow",
        "extensionElements",
        "documentation",
        "textAnnotation",
        "association",
        "laneSet",
        "group",
        "ioSpecification",
    }
)
"""Children of a process that say nothing about how it runs."""

CATCHING = {"timerEventDefinition", "messageEventDefinition"}
ALLOWED_DEFINITIONS: Mapping[str, set[str]] = {
    "startEvent": set(),
    "endEvent": {"terminateEventDefinition"},
    "intermediateThrowEvent": set(),
    "intermediateCatchEvent": CATCHING,
    "boundaryEvent": {"timerEventDefinition", "errorEventDefinition"},
}


class ModelRefused(ValueError):
    """The model cannot be read or run; the text names the element and the reason."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow; `condition` is None where it is always taken."""

    flow_id: str
    target: str
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class IoMapping:
    """One input or output mapping: where the value comes from, and the dotted name that it goes to."""

    source: Expression
    target: str


@dataclass(frozen=True, slots=True)
class Node:
    """
    One element of a process, with what its kind needs; the rest is empty.

    `timer` is an ISO 8601 duration, or a date when `timer_is_date`. `message` is a name and a correlation key.
    """

    node_id: str
    name: str
    kind: str
    outgoing: tuple[Flow, ...] = ()
    incoming: int = 0
    default: str | None = None
    job_type: Expression | None = None
    retries: Expression | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[IoMapping, ...] = ()
    outputs: tuple[IoMapping, ...] = ()
    timer: Expression | None = None
    timer_is_date: bool = False
    message: tuple[Expression, Expression] | None = None
    error_code: str | None = None
    attached_to: str | None = None
    interrupts: bool = True
    terminates: bool = False
    assignee: Expression | None = None
    form_key: str | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """One executable process of a model; `forms` are the schemas of those that stand in it, by id."""

    process_id: str
    name: str
    start: str
    nodes: Mapping[str, Node]
    resource: str
    xml: bytes
    forms: Mapping[str, str]

    def attached_to(self, node_id: str) -> Iterator[Node]:
        """Yield the boundary events of an activity."""
        return (node for node in self.nodes.values() if node.attached_to == node_id)


def read_model(resource: str, xml: bytes) -> tuple[Process, ...]:
    """Return the executable processes of a BPMN file. Raises `ModelRefused`."""
    if len(xml) > LARGEST:
        raise ModelRefused(f"{resource}: the model has more than {LARGEST} bytes")
    try:
        root = fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise ModelRefused(f"{resource}: this is no BPMN file: {error}") from error
    if root.tag != f"{BPMN}definitions":
        raise ModelRefused(f"{resource}: this is no BPMN file: its root is {root.tag.rpartition('}')[2]}")
    reader = _Reader(resource, root)
    found = tuple(
        reader.process(each, xml) for each in root.iter(f"{BPMN}process") if each.get("isExecutable") == "true"
    )
    if not found:
        raise ModelRefused(f"{resource}: the model has no executable process")
    return found


class _Reader:
    """Reads one file; messages and errors stand beside the processes and are referred to by id."""

    def __init__(self, resource: str, root: Xml) -> None:
        self._resource = resource
        self._messages = {each.get("id", ""): each for each in root.iter(f"{BPMN}message")}
        self._errors = {each.get("id", ""): each.get("errorCode", "") for each in root.iter(f"{BPMN}error")}

    def process(self, xml: Xml, text: bytes) -> Process:
        process_id = xml.get("id", "")
        flows = [each for each in xml if each.tag == f"{BPMN}sequenceFlow"]
        nodes = {}
        for each in xml:
            kind = each.tag.removeprefix(BPMN)
            if each.tag.startswith(BPMN) and kind not in IGNORED:
                nodes[each.get("id", "")] = self._node(each, kind, flows)
        starts = [node.node_id for node in nodes.values() if node.kind == "startEvent"]
        if len(starts) != 1:
            raise ModelRefused(f"{self._resource}: process {process_id} needs exactly one start event")
        for node in nodes.values():
            for flow in node.outgoing:
                if flow.target not in nodes:
                    raise self._refused(node.node_id, node.kind, f"the flow {flow.flow_id} leads nowhere")
            if node.attached_to is not None and node.attached_to not in nodes:
                raise self._refused(node.node_id, node.kind, "it is attached to nothing")
        forms = xml.findall(f"{BPMN}extensionElements/{ZEEBE}userTaskForm")
        return Process(
            process_id,
            xml.get("name") or process_id,
            starts[0],
            nodes,
            self._resource,
            text,
            {each.get("id", ""): each.text or "" for each in forms},
        )

    def _node(self, xml: Xml, kind: str, flows: list[Xml]) -> Node:
        node_id = xml.get("id", "")
        if kind not in RUNNABLE:
            raise self._refused(node_id, kind, "the demo cluster does not run this element")
        if xml.find(f"{BPMN}multiInstanceLoopCharacteristics") is not None:
            raise self._refused(node_id, kind, "the demo cluster does not run loops")
        try:
            return self._read_node(xml, kind, node_id, flows)
        except FeelError as error:
            raise self._refused(node_id, kind, str(error)) from error

    def _read_node(self, xml: Xml, kind: str, node_id: str, flows: list[Xml]) -> Node:
        definition = self._definition(xml, kind, node_id)
        task = xml.find(f"{BPMN}extensionElements/{ZEEBE}taskDefinition")
        if kind in JOB_TASKS and task is None:
            raise self._refused(node_id, kind, "it has no zeebe:taskDefinition")
        timer, is_date = self._timer(definition, node_id, kind)
        return Node(
            node_id,
            xml.get("name") or node_id,
            kind,
            outgoing=tuple(self._flow(each) for each in flows if each.get("sourceRef") == node_id),
            incoming=sum(each.get("targetRef") == node_id for each in flows),
            default=xml.get("default"),
            job_type=parse_value(task.get("type", "")) if task is not None else None,
            retries=parse_value(task.get("retries", "3")) if task is not None else None,
            headers={each.get("key", ""): each.get("value", "") for each in xml.iter(f"{ZEEBE}header")},
            inputs=_mappings(xml, "input"),
            outputs=_mappings(xml, "output"),
            timer=timer,
            timer_is_date=is_date,
            message=self._message(xml, kind, node_id, definition),
            error_code=self._error(definition),
            attached_to=xml.get("attachedToRef"),
            interrupts=xml.get("cancelActivity", "true") == "true",
            terminates=definition is not None and definition.tag == f"{BPMN}terminateEventDefinition",
            assignee=_optional(xml, "assignmentDefinition", "assignee"),
            form_key=_attribute(xml, "formDefinition", "formKey") or _attribute(xml, "formDefinition", "formId"),
        )

    def _definition(self, xml: Xml, kind: str, node_id: str) -> Xml | None:
        found = [each for each in xml if each.tag.endswith("EventDefinition")]
        if not found:
            if kind in {"intermediateCatchEvent", "boundaryEvent"}:
                raise self._refused(node_id, kind, "it does not say what it waits for")
            return None
        name = found[0].tag.removeprefix(BPMN)
        if len(found) > 1 or name not in ALLOWED_DEFINITIONS.get(kind, set()):
            raise self._refused(node_id, kind, f"the demo cluster does not run {name} here")
        return found[0]

    def _timer(self, definition: Xml | None, node_id: str, kind: str) -> tuple[Expression | None, bool]:
        if definition is None or definition.tag != f"{BPMN}timerEventDefinition":
            return None, False
        for name in ("timeDuration", "timeDate"):
            found = definition.find(f"{BPMN}{name}")
            if found is not None:
                return parse_value((found.text or "").strip()), name == "timeDate"
        raise self._refused(node_id, kind, "the demo cluster runs timers with a duration or a date only")

    def _message(
        self, xml: Xml, kind: str, node_id: str, definition: Xml | None
    ) -> tuple[Expression, Expression] | None:
        if kind == "receiveTask":
            reference = xml.get("messageRef")
        elif definition is not None and definition.tag == f"{BPMN}messageEventDefinition":
            reference = definition.get("messageRef")
        else:
            return None
        message = self._messages.get(reference or "")
        key = _attribute(message, "subscription", "correlationKey") if message is not None else None
        if message is None or key is None:
            raise self._refused(node_id, kind, "its message has no name or no correlation key")
        return parse_value(message.get("name", "")), parse_value(key)

    def _error(self, definition: Xml | None) -> str | None:
        if definition is None or definition.tag != f"{BPMN}errorEventDefinition":
            return None
        return self._errors.get(definition.get("errorRef", ""), "")

    def _flow(self, xml: Xml) -> Flow:
        condition = xml.find(f"{BPMN}conditionExpression")
        text = (condition.text or "").strip() if condition is not None else ""
        return Flow(xml.get("id", ""), xml.get("targetRef", ""), parse_value(text) if text else None)

    def _refused(self, node_id: str, kind: str, why: str) -> ModelRefused:
        return ModelRefused(f"{self._resource}: {kind} {node_id}: {why}")


def _mappings(xml: Xml, name: str) -> tuple[IoMapping, ...]:
    return tuple(
        IoMapping(parse_value(each.get("source", "")), each.get("target", "")) for each in xml.iter(f"{ZEEBE}{name}")
    )


def _attribute(xml: Xml, element: str, name: str) -> str | None:
    found = xml.find(f"{BPMN}extensionElements/{ZEEBE}{element}")
    return found.get(name) if found is not None else None


def _optional(xml: Xml, element: str, name: str) -> Expression | None:
    text = _attribute(xml, element, name)
    return parse_value(text) if text else None
