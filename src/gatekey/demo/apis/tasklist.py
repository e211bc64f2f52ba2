"""Tasklist's REST API (v1, documented from 8.2 to 8.9) over the demo cluster. Keys are texts."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.demo.apis.answers import Body, answered, error, key_of, number_of, text_of
from gatekey.demo.apis.documents import TENANT, Document
from gatekey.demo.apis.operate import following, variable, written
from gatekey.demo.apis.search import MOST, SearchError, search
from gatekey.demo.cluster import DemoCluster
from gatekey.demo.engine import Engine
from gatekey.demo.model import JobState, Problem, Rejected, UserTask

USUAL = 50
"""Tasks of a page that names no size; Tasklist's own default."""

ORDERS = {"creationTime": "creationDate", "completionTime": "completionDate"}
BESIDE_FILTERS = {"pageSize", "sort", "searchAfter", "includeVariables"}


class Tasks:
    """What Tasklist knows and does; its REST and GraphQL APIs say it in two ways. Methods raise `Rejected`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, request: Body) -> list[Document]:
        """Return one page of the tasks that fit, the newest first unless it says otherwise. Raises `SearchError`."""
        wanted = {name: value for name, value in request.items() if name not in BESIDE_FILTERS and value is not None}
        orders = request.get("sort") or [{"field": "creationTime", "order": "DESC"}]
        if not isinstance(orders, list) or not all(isinstance(each, Mapping) for each in orders):
            raise SearchError("sort must be a list of objects")
        if any(str(order.get("field")) not in ORDERS for order in orders):
            raise SearchError(f"tasks are sorted by {' or '.join(ORDERS)}")
        sort = [{**order, "field": ORDERS[order["field"]]} for order in orders]
        filter_ = {"taskState" if name == "state" else name: value for name, value in wanted.items()}
        if "assigned" in filter_:
            filter_["assignee"] = {"$exists": filter_.pop("assigned"), **_equal(filter_.get("assignee"))}
        every = map(task, self._engine.user_tasks.values())
        found = search(every, {"filter": filter_, "sort": [*sort, {"field": "id"}], "page": {"limit": MOST}})
        return following(found["items"], request.get("searchAfter"), "id")[: number_of(request, "pageSize", USUAL)]

    def get(self, task_id: str) -> UserTask:
        """Return a task, open or not."""
        found = self._engine.user_tasks.get(key_of(task_id))
        if found is None:
            raise Rejected(Problem.NOT_FOUND, f"Task with id {task_id} was not found")
        return found

    def assign(self, task_id: str, assignee: str | None, *, override: bool = True) -> Document:
        """Give a task to somebody, or to nobody."""
        return task(self._engine.assign(self.get(task_id).key, assignee, override=override))

    def complete(self, task_id: str, variables: Iterable[Mapping[str, Any]]) -> Document:
        """Finish a task; the values of variables are JSON texts."""
        try:
            values = {str(each["name"]): _value(each["value"]) for each in variables}
        except (KeyError, TypeError, ValueError, RecursionError):
            raise Rejected(Problem.INVALID, "Each variable needs a name, and a value that is a JSON text.") from None
        return task(self._engine.complete_user_task(self.get(task_id).key, values))

    def variables(self, task_id: str, names: Iterable[str] = ()) -> list[Document]:
        """Return the variables that a task sees, all or those named."""
        element, wanted = self.get(task_id).element, set(names)
        visible = {**element.instance.variables, **element.variables}
        return [_variable(element.instance, each) for name, each in visible.items() if not wanted or name in wanted]

    def form(self, form_id: str, definition_key: str) -> Document:
        """Return a form that stands in a model."""
        schema = self._engine.definition(key=key_of(definition_key)).process.forms.get(form_id)
        if schema is None:
            raise Rejected(Problem.NOT_FOUND, f"Form with id {form_id} was not found")
        return {
            "id": form_id,
            "processDefinitionKey": definition_key,
            "schema": schema,
            "title": form_id,
            "version": None,
            "tenantId": TENANT,
            "isDeleted": False,
        }


class TasklistApi:
    """Translates requests."""

    def __init__(self, cluster: DemoCluster) -> None:
        self._tasks = Tasks(cluster.engine)

    def routes(self) -> list[Route]:
        """Return the routes below `/v1` that are Tasklist's; `/v1/variables/{id}` is Operate's too, and there."""
        one = "/v1/tasks/{id:str}"
        return [
            Route("/v1/tasks/search", answered(self._search, error), methods=["POST"]),
            Route(one, answered(self._get, error), methods=["GET"]),
            Route(f"{one}/assign", answered(self._assign, error), methods=["PATCH"]),
            Route(f"{one}/unassign", answered(self._unassign, error), methods=["PATCH"]),
            Route(f"{one}/complete", answered(self._complete, error), methods=["PATCH"]),
            Route(f"{one}/variables/search", answered(self._variables, error), methods=["POST"]),
            Route("/v1/forms/{id:str}", answered(self._form, error), methods=["GET"]),
        ]

    async def _search(self, _request: Request, body: Body) -> Response:
        return JSONResponse(self._tasks.find(body))

    async def _get(self, request: Request, _body: Body) -> Response:
        return JSONResponse(task(self._tasks.get(request.path_params["id"])))

    async def _assign(self, request: Request, body: Body) -> Response:
        assignee = text_of(body, "assignee")
        if not assignee:
            raise Rejected(Problem.INVALID, "A program that assigns a task has to name the assignee.")
        override = body.get("allowOverrideAssignment") is not False
        return JSONResponse(self._tasks.assign(request.path_params["id"], assignee, override=override))

    async def _unassign(self, request: Request, _body: Body) -> Response:
        return JSONResponse(self._tasks.assign(request.path_params["id"], None))

    async def _complete(self, request: Request, body: Body) -> Response:
        return JSONResponse(self._tasks.complete(request.path_params["id"], body.get("variables") or ()))

    async def _variables(self, request: Request, body: Body) -> Response:
        names = body.get("variableNames") or []
        if not isinstance(names, list):
            raise Rejected(Problem.INVALID, "variableNames must be a list.")
        return JSONResponse(self._tasks.variables(request.path_params["id"], map(str, names)))

    async def _form(self, request: Request, _body: Body) -> Response:
        key = request.query_params.get("processDefinitionKey", "")
        return JSONResponse(self._tasks.form(request.path_params["id"], key))


def task(found: UserTask) -> Document:
    """A task."""
    definition, form_key = found.element.instance.definition, found.element.node.form_key
    return {
        "id": str(found.key),
        "name": found.element.node.name,
        "taskDefinitionId": found.element.node.node_id,
        "processName": definition.process.name,
        "creationDate": written(found.created),
        "completionDate": written(found.ended) if found.state is JobState.COMPLETED else None,
        "assignee": found.assignee,
        "taskState": found.state.value,
        "sortValues": [str(found.created), str(found.key)],
        "isFirst": False,
        "formKey": form_key,
        "formId": None,
        "formVersion": None,
        "isFormEmbedded": form_key is not None,
        "processDefinitionKey": str(definition.key),
        "processInstanceKey": str(found.element.instance.key),
        "tenantId": TENANT,
        "dueDate": None,
        "followUpDate": None,
        "candidateGroups": None,
        "candidateUsers": None,
        "implementation": "ZEEBE_USER_TASK",
        "priority": 50,
    }


def _value(given: Any) -> Any:
    # @camunda8/sdk sends numbers and booleans as they are; Tasklist takes them for their texts.
    return given if isinstance(given, int | float) else json.loads(given)


def _variable(*found: Any) -> Document:
    names = ("id", "name", "value", "previewValue", "isValueTruncated", "tenantId")
    document = variable(*found)
    return {name: document[name] for name in names}


def _equal(value: Any) -> dict[str, Any]:
    return {} if value is None else {"$eq": value}
