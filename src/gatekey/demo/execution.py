"""How tokens move through process instances: what waits, what goes on, what stops. Pure."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gatekey.demo.bpmn import Flow, IoMapping, Node
from gatekey.demo.feel import FeelError
from gatekey.demo.model import (
    FIRST_KEY,
    Definition,
    ElementInstance,
    Incident,
    Instance,
    Job,
    JobState,
    Message,
    Problem,
    Rejected,
    State,
    Subscription,
    Timer,
    UserTask,
    Variable,
)
from gatekey.demo.timers import due_at

MOST_INSTANCES = 10_000
"""Instances that are remembered; a few hundred megabytes at worst. The oldest that ended goes first."""

MOST_STEPS = 1_000
"""Elements that one command may run through without anything to wait for: a loop that never waits ends here."""

MOST_RETRIES = 2**31 - 1
"""What gateway.proto can carry."""

LARGEST_VARIABLES = 1024 * 1024
"""Bytes of the variables of one command."""

Variables = Mapping[str, Any]


def check_variables(variables: Variables) -> None:
    """Raise `Rejected` for variables that are too large, or that no JSON can hold."""
    try:
        size = len(json.dumps(dict(variables), ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError):
        text = "The variables hold a number or a text that JSON has not, or are nested too deeply."
        raise Rejected(Problem.INVALID, text) from None
    if size > LARGEST_VARIABLES:
        raise Rejected(Problem.INVALID, f"The variables have more than {LARGEST_VARIABLES} bytes.")


class Execution:
    """The state of one partition, and the moves that commands set off."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.now = now
        self.definitions: dict[int, Definition] = {}
        self.instances: dict[int, Instance] = {}
        self.jobs: dict[int, Job] = {}
        self.user_tasks: dict[int, UserTask] = {}
        self.incidents: dict[int, Incident] = {}
        self.messages: list[Message] = []
        self.timers: dict[int, list[Timer]] = {}
        self.subscriptions: dict[tuple[str, str], list[Subscription]] = {}
        self._open_jobs: dict[str, dict[int, Job]] = {}
        self.listeners: list[Callable[[], None]] = []
        self._latest: dict[str, Definition] = {}
        self._key = FIRST_KEY - 1
        self._pending: deque[tuple[Instance, Node, str]] = deque()

    # How tokens move

    def _run(self) -> None:
        steps = 0
        while self._pending:
            instance, node, flow = self._pending.popleft()
            if instance.state is not State.ACTIVE:
                continue
            steps += 1
            element = ElementInstance(self._next(), instance, node, self.now())
            if steps > MOST_STEPS:
                self._raise_incident(element, "CONDITION_ERROR", "The process loops without waiting for anything.")
                self._pending.clear()
                break
            self._enter(element, flow)
        self._changed()

    def _enter(self, element: ElementInstance, flow: str) -> None:
        node, instance = element.node, element.instance
        if node.kind == "parallelGateway" and node.incoming > 1:
            arrived = instance.arrived.setdefault(node.node_id, [])
            arrived.append(flow)
            if len(set(arrived)) < node.incoming:
                return
            for each in set(arrived):
                arrived.remove(each)
        instance.elements[element.key] = element
        try:
            self._map(node.inputs, element.visible, element.variables, element.key)
            self._wait(element)
        except (FeelError, ValueError, Rejected) as error:
            self._raise_incident(element, "EXTRACT_VALUE_ERROR", str(error))

    def _wait(self, element: ElementInstance) -> None:
        """Have an element wait for what it needs, or go on at once."""
        node, visible = element.node, element.visible
        if node.job_type is not None and node.kind != "userTask":
            self._create_job(element)
        elif node.kind == "userTask":
            assignee = node.assignee(visible) if node.assignee else None
            task = UserTask(self._next(), element, self.now(), str(assignee) if assignee else None)
            self.user_tasks[task.key] = element.user_task = task
        elif node.message is not None:
            self._subscribe(element, *(part(visible) for part in node.message))
        elif node.timer is not None and node.attached_to is None:
            self._start_timer(element, node, None)
        else:
            self._complete(element, {})
            return
        self._start_boundary_timers(element)

    def _start_boundary_timers(self, element: ElementInstance) -> None:
        for node in element.instance.definition.process.attached_to(element.node.node_id):
            if node.timer is not None and element.state is State.ACTIVE:
                self._start_timer(element, node, node)

    def _start_timer(self, element: ElementInstance, node: Node, boundary: Node | None) -> None:
        text = node.timer(element.visible) if node.timer else None
        due = due_at(text, self.now(), is_date=node.timer_is_date)
        self.timers.setdefault(element.key, []).append(Timer(due, element, boundary))

    def _create_job(self, element: ElementInstance) -> None:
        node, visible = element.node, element.visible
        job_type = node.job_type(visible) if node.job_type else None
        retries = node.retries(visible) if node.retries else 3
        if not isinstance(retries, int | str):
            raise FeelError(f"the retries of {node.node_id} are {json.dumps(retries)}, not a number")
        if not isinstance(job_type, str) or not job_type:
            raise FeelError(f"the job type of {node.node_id} is {json.dumps(job_type)}, not a text")
        job = Job(self._next(), job_type, element, min(int(retries), MOST_RETRIES), node.headers, created=self.now())
        self.jobs[job.key] = element.job = job
        self._open_jobs.setdefault(job_type, {})[job.key] = job

    def _subscribe(self, element: ElementInstance, name: Any, correlation_key: Any) -> None:
        if not isinstance(name, str) or not isinstance(correlation_key, str | int | float):
            raise FeelError(f"the message of {element.node.node_id} has no name or no correlation key")
        self._expire()
        key = str(correlation_key)
        for message in self.messages:
            if (message.name, message.correlation_key) == (name, key):
                self.messages.remove(message)
                self._complete(element, message.variables)
                return
        self.subscriptions.setdefault((name, key), []).append(Subscription(name, key, element))

    def _complete(self, element: ElementInstance, variables: Variables) -> None:
        """Finish an element with what came of it, and send its token on."""
        node = element.node
        kind = "IO_MAPPING_ERROR"
        try:
            if node.outputs:
                self._set(element.variables, element.key, variables)
                self._map(node.outputs, element.visible, element.instance.variables, element.instance.key)
            else:
                self._merge(element, variables)
            kind = "CONDITION_ERROR"
            flows = self._outgoing(element)
        except (FeelError, ValueError, Rejected) as error:
            self._raise_incident(element, kind, str(error))
            return
        self._end_element(element, State.COMPLETED)
        if node.terminates:
            self._terminate_instance(element.instance, State.COMPLETED)
            return
        self._send(element.instance, flows)

    def _outgoing(self, element: ElementInstance) -> tuple[Flow, ...]:
        node, visible = element.node, element.visible
        if node.kind != "exclusiveGateway":
            return tuple(f for f in node.outgoing if f.condition is None or f.condition(visible) is True)
        for flow in node.outgoing:
            if flow.flow_id != node.default and (flow.condition is None or flow.condition(visible) is True):
                return (flow,)
        default = tuple(flow for flow in node.outgoing if flow.flow_id == node.default)
        if not default and node.outgoing:
            raise FeelError(f"no condition of {node.node_id} holds, and it has no default flow")
        return default

    def _follow_boundary(self, element: ElementInstance, boundary: Node) -> None:
        instance = element.instance
        if boundary.interrupts:
            self._end_element(element, State.TERMINATED)
        event = ElementInstance(self._next(), instance, boundary, self.now(), state=State.COMPLETED, ended=self.now())
        instance.elements[event.key] = event
        self._send(instance, boundary.outgoing)

    def _send(self, instance: Instance, flows: Iterable[Flow]) -> None:
        nodes = instance.definition.process.nodes
        for flow in flows:
            instance.taken.add(flow.flow_id)
            self._pending.append((instance, nodes[flow.target], flow.flow_id))
        waiting = any(each is instance for each, _, _ in self._pending)
        if not waiting and not instance.active:
            instance.state, instance.ended = State.COMPLETED, self.now()

    def _end_element(self, element: ElementInstance, state: State) -> None:
        element.state, element.ended = state, self.now()
        self.timers.pop(element.key, None)
        if element.node.message is not None:
            for place, waiting in list(self.subscriptions.items()):
                self.subscriptions[place] = [each for each in waiting if each.element is not element]
                if not self.subscriptions[place]:
                    del self.subscriptions[place]
        job, task = element.job, element.user_task
        if job is not None and job.state in {JobState.CREATED, JobState.FAILED}:
            self._end_job(job, JobState.CANCELED)
        if task is not None and task.state is JobState.CREATED:
            task.state, task.ended = JobState.CANCELED, self.now()
        for incident in element.incidents:
            incident.resolved = True

    def _end_job(self, job: Job, state: JobState) -> None:
        job.state, job.ended = state, self.now()
        del self._open_jobs[job.type][job.key]
        if not self._open_jobs[job.type]:
            del self._open_jobs[job.type]

    def _terminate_instance(self, instance: Instance, state: State = State.TERMINATED) -> None:
        for element in instance.active:
            self._end_element(element, State.TERMINATED)
        instance.state, instance.ended = state, self.now()

    def _raise_incident(self, element: ElementInstance, kind: str, text: str, job: Job | None = None) -> None:
        element.instance.elements[element.key] = element
        incident = Incident(self._next(), kind, text, element, self.now(), job)
        self.incidents[incident.key] = incident
        element.incidents.append(incident)

    # Variables

    def _set(self, into: dict[str, Variable], scope: int, variables: Variables) -> None:
        check_variables(variables)
        for name, value in variables.items():
            known = into.get(name)
            if known is None:
                into[name] = Variable(self._next(), name, value, scope)
            else:
                known.value = value

    def _merge(self, element: ElementInstance, variables: Variables) -> None:
        """Set each variable where it is known already, else in the process."""
        own = {name: value for name, value in variables.items() if name in element.variables}
        rest = {name: value for name, value in variables.items() if name not in element.variables}
        self._set(element.variables, element.key, own)
        self._set(element.instance.variables, element.instance.key, rest)

    def _map(self, mappings: Iterable[IoMapping], visible: Variables, into: dict[str, Variable], scope: int) -> None:
        made: dict[str, Any] = {}
        for mapping in mappings:
            *path, last = mapping.target.split(".")
            owner = made
            for name in path:
                known = owner.get(name, {})
                if not isinstance(known, dict):
                    raise FeelError(f"{mapping.target} lies in a value that is no context")
                # A copy: the value may be that of another variable.
                owner[name] = owner = dict(known)
            owner[last] = mapping.source({**visible, **made})
        self._set(into, scope, made)

    # Housekeeping

    def elements(self) -> Iterator[ElementInstance]:
        """Yield every element instance."""
        return (element for instance in self.instances.values() for element in instance.elements.values())

    def variables(self) -> Iterator[tuple[Instance, Variable]]:
        """Yield every variable of every scope, with its process instance."""
        for instance in self.instances.values():
            for scope in (instance.variables, *(element.variables for element in instance.elements.values())):
                for variable in scope.values():
                    yield instance, variable

    def _element(self, key: int) -> ElementInstance:
        found = next((each for each in self.elements() if each.key == key and each.state is State.ACTIVE), None)
        if found is None:
            raise Rejected(Problem.NOT_FOUND, f"Nothing is running with key {key}.")
        return found

    def _make_room(self) -> None:
        if len(self.instances) < MOST_INSTANCES:
            return
        ended = next((each for each in self.instances.values() if each.state is not State.ACTIVE), None)
        if ended is None:
            raise Rejected(Problem.FULL, f"The demo cluster runs {MOST_INSTANCES} instances at most.")
        self._forget(ended)

    def _forget(self, ended: Instance) -> None:
        del self.instances[ended.key]
        self.jobs = {key: job for key, job in self.jobs.items() if job.element.instance is not ended}
        self.user_tasks = {key: task for key, task in self.user_tasks.items() if task.element.instance is not ended}
        self.incidents = {key: each for key, each in self.incidents.items() if each.element.instance is not ended}

    def _expire(self) -> None:
        now = self.now()
        self.messages = [message for message in self.messages if message.expires > now]

    def _changed(self) -> None:
        for listener in self.listeners:
            listener()

    def _next(self) -> int:
        self._key += 1
        return self._key
