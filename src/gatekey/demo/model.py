"""What the demo cluster knows: definitions, instances and what waits in them. Times are milliseconds since 1970."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

from gatekey.demo.bpmn import Node, Process

FIRST_KEY = 2_251_799_813_685_249
"""Zeebe's first key of partition 1: clients show keys, and people expect them to look so."""


class Problem(Enum):
    """Why a command is rejected; each protocol has its own number for it."""

    NOT_FOUND = "not found"
    INVALID = "invalid"
    STATE = "wrong state"
    EXISTS = "already exists"
    FULL = "too many"


class Rejected(Exception):
    """A command that is not done; the text is for the caller."""

    def __init__(self, problem: Problem, text: str) -> None:
        super().__init__(text)
        self.problem = problem


class State(StrEnum):
    """Of process and element instances."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    TERMINATED = "TERMINATED"


class JobState(StrEnum):
    """Of jobs and user tasks."""

    CREATED = "CREATED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    ERROR_THROWN = "ERROR_THROWN"
    CANCELED = "CANCELED"


@dataclass(frozen=True, slots=True)
class Definition:
    """A deployed process; the highest version of an id is the latest."""

    key: int
    version: int
    process: Process
    deployment: int


@dataclass(slots=True)
class Variable:
    """A variable; `value` is what JSON can hold."""

    key: int
    name: str
    value: Any
    scope: int


@dataclass(slots=True, eq=False)
class Instance:
    """A process instance with its variables; `taken` are the sequence flows that tokens went."""

    key: int
    definition: Definition
    started: int
    variables: dict[str, Variable] = field(default_factory=dict)
    elements: dict[int, "ElementInstance"] = field(default_factory=dict)
    arrived: dict[str, list[str]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    state: State = State.ACTIVE
    ended: int | None = None

    @property
    def active(self) -> list["ElementInstance"]:
        """The elements that wait for something."""
        return [each for each in self.elements.values() if each.state is State.ACTIVE]


@dataclass(slots=True, eq=False)
class ElementInstance:
    """One visit of a token to an element, with the variables that only it sees."""

    key: int
    instance: Instance
    node: Node
    started: int
    variables: dict[str, Variable] = field(default_factory=dict)
    state: State = State.ACTIVE
    ended: int | None = None
    job: "Job | None" = None
    user_task: "UserTask | None" = None
    incidents: list["Incident"] = field(default_factory=list)

    @property
    def visible(self) -> Mapping[str, Any]:
        """The values that expressions at this element see."""
        values = {name: each.value for name, each in self.instance.variables.items()}
        return {**values, **{name: each.value for name, each in self.variables.items()}}


@dataclass(slots=True, eq=False)
class Job:
    """Work for somebody outside; it can be activated while `deadline` is past and `retries` are left."""

    key: int
    type: str
    element: ElementInstance
    retries: int
    headers: Mapping[str, str]
    worker: str = ""
    deadline: int = 0
    state: JobState = JobState.CREATED
    error_message: str = ""
    error_code: str = ""
    created: int = 0
    ended: int | None = None


@dataclass(slots=True, eq=False)
class UserTask:
    """Work for a person."""

    key: int
    element: ElementInstance
    created: int
    assignee: str | None = None
    state: JobState = JobState.CREATED
    ended: int | None = None


@dataclass(slots=True, eq=False)
class Incident:
    """Something that stops an element until it is resolved."""

    key: int
    kind: str
    message: str
    element: ElementInstance
    created: int
    job: Job | None = None
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """Fires at `due` for an element that waits, or for one of its boundary events."""

    due: int
    element: ElementInstance
    boundary: Node | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """An element that waits for a message with this name and key."""

    name: str
    correlation_key: str
    element: ElementInstance


@dataclass(frozen=True, slots=True)
class Message:
    """A message that nobody waited for yet; it goes at `expires`."""

    key: int
    name: str
    correlation_key: str
    message_id: str
    variables: Mapping[str, Any]
    expires: int
