"""
A STAND-IN for Tasklist's GraphQL API: not Camunda's server, but a real GraphQL server (ariadne) with Camunda's names.

Tasklist needs Elasticsearch, and GraphQL is gone from it since 8.8. Types, queries, mutations and arguments have the
names that Camunda documents for 8.0 to 8.7; of the fields of a task those that clients ask for. All that the server
knows are two tasks and a form. The REST path beside it is there because Operate has one of the same name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ariadne import MutationType, QueryType, make_executable_schema
from ariadne.asgi import GraphQL
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gatekey.server.gateway.policy.model import Address
from support.asgi import served_application

SCHEMA = """
type Query {
  tasks(query: TaskQuery!): [Task!]!
  task(id: String!): Task!
  form(id: String!, processDefinitionId: String!): Form
}
type Mutation {
  claimTask(taskId: String!, assignee: String, allowOverrideAssignment: Boolean): Task!
}
type Task {
  id: ID!
  name: String
  taskDefinitionId: String
  processName: String
  assignee: String
  taskState: TaskState!
  formKey: String
  processDefinitionId: String
  variables: [Variable!]
}
type Variable { id: ID! name: String! value: String! previewValue: String! isValueTruncated: Boolean! }
type Form { id: String! processDefinitionId: String! schema: String! }
input TaskQuery { state: TaskState assigned: Boolean assignee: String pageSize: Int }
enum TaskState { CREATED COMPLETED CANCELED }
"""

FORM = '{"components": [{"key": "approved", "type": "checkbox"}]}'


@dataclass(frozen=True, slots=True)
class Task:
    """
    A task as the API shows it; values of variables are JSON texts.
    """

    id: str
    name: str
    assignee: str | None = None
    taskState: str = "CREATED"  # noqa: N815 - the API's own word
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def shown(self) -> dict[str, Any]:
        """
        The fields of the type `Task`.
        """
        variables = [
            {"id": f"{self.id}-{name}", "name": name, "value": value, "previewValue": value, "isValueTruncated": False}
            for name, value in self.variables
        ]
        form = "camunda-forms:bpmn:userTaskForm_1"
        return {**asdict(self), "variables": variables, "formKey": form, "processDefinitionId": "2251799813685249"}


@dataclass
class TasklistStandIn:
    """
    Where it listens, its tasks, and the headers of every call that came.
    """

    tasks: dict[str, Task] = field(default_factory=dict)
    heard: list[dict[str, str]] = field(default_factory=list)
    address: Address | None = None

    def task(self, number: str) -> Task:
        """
        The task with this id. Raises GraphQLError, told in `errors`: here with the status 400, by Tasklist with 200.
        """
        if number not in self.tasks:
            raise GraphQLError(f"Task with id {number} was not found", extensions={"classification": "DataFetching"})
        return self.tasks[number]


@contextmanager
def tasklist_stand_in() -> Iterator[TasklistStandIn]:
    """
    Serve it on a free port.
    """
    here = TasklistStandIn()
    for task in (Task("1", "Check the invoice", variables=(("amount", "12.5"),)), Task("2", "Pay", "ada")):
        here.tasks[task.id] = task
    graphql = GraphQL(_schema(here), context_value=lambda request, _: here.heard.append(dict(request.headers)))

    async def variable(request: Request) -> JSONResponse:
        here.heard.append(dict(request.headers))
        return JSONResponse({"id": request.path_params["number"], "name": "amount", "value": "12.5"})

    routes = [Route("/v1/variables/{number}", variable), Route("/graphql", graphql)]
    with served_application(Starlette(routes=routes)) as here.address:
        yield here


def _schema(here: TasklistStandIn) -> Any:
    query, mutation = QueryType(), MutationType()

    @query.field("tasks")
    def tasks(_: object, __: object, *, query: dict[str, Any]) -> list[dict[str, Any]]:
        found = [task for task in here.tasks.values() if query.get("assignee") in {None, task.assignee}]
        return [task.shown for task in found if query.get("state") in {None, task.taskState}]

    @query.field("task")
    def task(_: object, __: object, *, id: str) -> dict[str, Any]:  # noqa: A002 - the API's own word
        return here.task(id).shown

    @query.field("form")
    def form(_: object, __: object, *, id: str, processDefinitionId: str) -> dict[str, str]:  # noqa: A002, N803 - the API's own words
        return {"id": id, "processDefinitionId": processDefinitionId, "schema": FORM}

    @mutation.field("claimTask")
    def claim_task(
        _: object,
        __: object,
        *,
        taskId: str,  # noqa: N803 - the API's own word
        assignee: str | None = None,
        allowOverrideAssignment: bool = True,  # noqa: N803 - the API's own word
    ) -> dict[str, Any]:
        found = here.task(taskId)
        if found.assignee and not allowOverrideAssignment:
            raise GraphQLError("Task is already assigned")
        here.tasks[taskId] = replace(found, assignee=assignee)
        return here.tasks[taskId].shown

    return make_executable_schema(SCHEMA, query, mutation)
