"""
Tasklist's GraphQL API (8.0 to 8.7; the servers of 8.8 no longer have it) over the demo cluster.

Types, queries and mutations have the names that Camunda documents; of their fields those that clients ask for.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import build_schema, graphql
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.demo.apis.answers import Body, answered, error
from gatekey.demo.apis.documents import Document
from gatekey.demo.apis.tasklist import Tasks, task
from gatekey.demo.cluster import DemoCluster

SCHEMA = build_schema("""
type Query {
  tasks(query: TaskQuery!): [Task!]!
  task(id: String!): Task!
  form(id: String!, processDefinitionId: String!): Form
  variables(taskId: String!, variableNames: [String!]!): [Variable!]!
  processes(search: String): [Process!]!
}
type Mutation {
  claimTask(taskId: String!, assignee: String, allowOverrideAssignment: Boolean): Task!
  unclaimTask(taskId: String!): Task!
  completeTask(taskId: String!, variables: [VariableInput!]!): Task!
  startProcess(processDefinitionId: String!): ProcessInstance!
  deleteProcessInstance(processInstanceId: String!): Boolean!
}
type Task {
  id: ID!
  name: String!
  taskDefinitionId: String!
  processName: String!
  creationTime: String!
  completionTime: String
  assignee: String
  taskState: TaskState!
  sortValues: [String!]
  isFirst: Boolean
  formKey: String
  processDefinitionId: String
  processInstanceId: String
  candidateGroups: [String!]
  candidateUsers: [String!]
  variables: [Variable!]
}
type Variable { id: ID! name: String! value: String! previewValue: String! isValueTruncated: Boolean! }
type Form { id: String! processDefinitionId: String! schema: String! }
type Process { id: String! name: String processDefinitionId: String version: Int }
type ProcessInstance { id: String! }
input VariableInput { name: String! value: String! }
input TaskQuery {
  state: TaskState
  assigned: Boolean
  assignee: String
  taskDefinitionId: String
  processDefinitionId: String
  processInstanceId: String
  pageSize: Int
  searchAfter: [String!]
}
enum TaskState { CREATED COMPLETED CANCELED }
""")

RENAMED = {
    "processDefinitionId": "processDefinitionKey",
    "processInstanceId": "processInstanceKey",
    "creationTime": "creationDate",
    "completionTime": "completionDate",
}
"""What the REST API calls otherwise."""


class GraphQlApi:
    """Answers one path. What a resolver refuses comes with the status 200, beside what else was asked for."""

    def __init__(self, cluster: DemoCluster) -> None:
        self._resolvers = Resolvers(cluster)

    def routes(self) -> list[Route]:
        """Return the one route."""
        return [Route("/graphql", answered(self._answer, error), methods=["POST"])]

    async def _answer(self, _request: Request, body: Body) -> Response:
        query, values, name = body.get("query"), body.get("variables") or {}, body.get("operationName")
        if not isinstance(query, str) or not isinstance(values, dict) or not isinstance(name, str | None):
            raise HTTPException(400, "The body must have a query, and may have variables and an operationName.")
        result = await graphql(SCHEMA, query, root_value=self._resolvers, variable_values=values, operation_name=name)
        refused = [each for each in result.errors or () if each.path]
        for each in refused:
            each.extensions = {"classification": "DataFetchingException"}
        return JSONResponse(result.formatted, 200 if refused or not result.errors else 400)


class Resolvers:
    """One method for each query and mutation; names are the API's own."""

    def __init__(self, cluster: DemoCluster) -> None:
        self._engine, self._tasks = cluster.engine, Tasks(cluster.engine)

    def tasks(self, _info: Any, query: Body) -> list[Document]:
        """Find tasks."""
        return [self._shown(each) for each in self._tasks.find({RENAMED.get(k, k): v for k, v in query.items()})]

    def task(self, _info: Any, id: str) -> Document:  # noqa: A002 - the API's own word
        """Return one task."""
        return self._shown(task(self._tasks.get(id)))

    def form(self, _info: Any, id: str, processDefinitionId: str) -> Document:  # noqa: A002, N803 - the API's own words
        """Return a form that stands in a model."""
        return {**self._tasks.form(id, processDefinitionId), "processDefinitionId": processDefinitionId}

    def variables(self, _info: Any, taskId: str, variableNames: list[str]) -> list[Document]:  # noqa: N803 - the API's own words
        """Return the named variables that a task sees."""
        return self._tasks.variables(taskId, variableNames)

    def processes(self, _info: Any, search: str = "") -> list[Document]:
        """Return the processes whose name or id has a text in it."""
        found = ((each, each.process) for each in self._engine.definitions.values())
        return [
            {"id": each.key, "name": of.name, "processDefinitionId": of.process_id, "version": each.version}
            for each, of in found
            if search.casefold() in f"{of.name} {of.process_id}".casefold()
        ]

    def claimTask(  # noqa: N802 - the API's own word
        self,
        _info: Any,
        taskId: str,  # noqa: N803 - the API's own word
        assignee: str | None = None,
        *,
        allowOverrideAssignment: bool | None = True,  # noqa: N803 - the API's own word
    ) -> Document:
        """Assign a task."""
        override = allowOverrideAssignment is not False
        return self._shown(self._tasks.assign(taskId, assignee, override=override))

    def unclaimTask(self, _info: Any, taskId: str) -> Document:  # noqa: N802, N803 - the API's own words
        """Take a task from its assignee."""
        return self._shown(self._tasks.assign(taskId, None))

    def completeTask(self, _info: Any, taskId: str, variables: Iterable[Mapping[str, Any]]) -> Document:  # noqa: N802, N803 - the API's own words
        """Finish a task."""
        return self._shown(self._tasks.complete(taskId, variables))

    def startProcess(self, _info: Any, processDefinitionId: str) -> Document:  # noqa: N802, N803 - the API's own words
        """Start an instance of the latest version of a process."""
        return {"id": self._engine.create_instance(self._engine.definition(processDefinitionId), {}).key}

    def deleteProcessInstance(self, _info: Any, processInstanceId: str) -> bool:  # noqa: N802, N803 - the API's own words
        """Forget a process instance that has ended."""
        self._engine.delete_instance(int(processInstanceId))
        return True

    def _shown(self, found: Document) -> Document:
        names = {name: found[other] for name, other in RENAMED.items()}
        return {**found, **names, "variables": lambda _info: self._tasks.variables(found["id"])}
