"""What the Orchestration Cluster REST API (v2) reads: searches, single things, and the cluster itself."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.demo.apis import documents
from gatekey.demo.apis.answers import Action, Body, answered
from gatekey.demo.apis.documents import Document
from gatekey.demo.apis.search import SearchError, Test, search
from gatekey.demo.cluster import DemoCluster
from gatekey.demo.model import Problem, Rejected

Documents = Callable[[], Iterable[Document]]


class ReadApi:
    """Translates requests into questions to the engine."""

    def __init__(self, cluster: DemoCluster) -> None:
        self._engine = cluster.engine

    def routes(self) -> list[Route]:
        """Return the routes of searches, of what one key names, and of the cluster."""
        engine = self._engine
        searches: dict[str, tuple[str, Documents]] = {
            "process-definitions": (
                "processDefinitionKey",
                lambda: map(documents.definition, engine.definitions.values()),
            ),
            "process-instances": ("processInstanceKey", lambda: map(documents.instance, engine.instances.values())),
            "element-instances": ("elementInstanceKey", lambda: map(documents.element, engine.elements())),
            "jobs": ("jobKey", lambda: map(documents.job, engine.jobs.values())),
            "user-tasks": ("userTaskKey", lambda: map(documents.user_task, engine.user_tasks.values())),
            "incidents": ("incidentKey", self._incidents),
            "variables": ("variableKey", self._variables),
            "message-subscriptions": ("messageSubscriptionKey", self._subscriptions),
            # The engine has no decisions, and so none are found.
            "decision-definitions": ("decisionDefinitionKey", tuple),
            "decision-instances": ("decisionEvaluationKey", tuple),
            "decision-requirements": ("decisionRequirementsKey", tuple),
        }
        tests: dict[str, dict[str, Test]] = {
            "process-definitions": {"isLatestVersion": self._is_latest},
            "process-instances": {"variables": self._has_variables},
        }
        found = []
        for name, (key, all_) in searches.items():
            searching = _search(all_, tests.get(name, {}))
            found.append(Route(f"/v2/{name}/search", answered(searching), methods=["POST"]))
            found.append(Route(f"/v2/{name}/{{key:int}}", answered(_get(all_, key)), methods=["GET"]))
        return [*found, *self._parts(), *_cluster()]

    def _parts(self) -> list[Route]:
        """Return the routes below one instance, definition or task."""
        instance, of = "/v2/process-instances/{key:int}", "{key:int}/incidents/search"
        gets: dict[str, Action] = {
            "/v2/process-definitions/{key:int}/xml": self._xml,
            "/v2/process-definitions/{key:int}/form": _no_content,
            "/v2/user-tasks/{key:int}/form": _no_content,
            f"{instance}/statistics/element-instances": self._statistics,
            f"{instance}/sequence-flows": self._sequence_flows,
            f"{instance}/call-hierarchy": self._hierarchy,
        }
        posts: dict[str, Action] = {
            f"/v2/process-instances/{of}": self._incidents_of("processInstanceKey"),
            f"/v2/element-instances/{of}": self._incidents_of("elementInstanceKey"),
            "/v2/user-tasks/{key:int}/variables/search": self._task_variables,
        }
        return [
            *(Route(path, answered(action), methods=["GET"]) for path, action in gets.items()),
            *(Route(path, answered(action), methods=["POST"]) for path, action in posts.items()),
        ]

    def _definitions(self) -> Iterable[Document]:
        return map(documents.definition, self._engine.definitions.values())

    def _incidents(self) -> Iterable[Document]:
        return map(documents.incident, self._engine.incidents.values())

    def _variables(self) -> Iterable[Document]:
        for instance, each in self._engine.variables():
            yield documents.variable(each, instance.key, json.dumps(each.value))

    def _subscriptions(self) -> Iterable[Document]:
        return (documents.subscription(each) for some in self._engine.subscriptions.values() for each in some)

    def _is_latest(self, found: Body, wanted: Any) -> bool:
        latest = self._engine.definition(found["processDefinitionId"])
        return (found["processDefinitionKey"] == str(latest.key)) is wanted

    def _has_variables(self, found: Body, wanted: Any) -> bool:
        if not isinstance(wanted, list) or not all(isinstance(each, Mapping) for each in wanted):
            raise SearchError("variables must be a list of names and values")
        known = self._engine.instance(int(found["processInstanceKey"])).variables
        texts = [{"name": name, "value": json.dumps(each.value)} for name, each in known.items()]
        return all(search(texts, {"filter": each})["items"] for each in wanted)

    def _incidents_of(self, name: str) -> Action:
        async def action(request: Request, body: Body) -> Response:
            key = str(request.path_params["key"])
            return JSONResponse(search((each for each in self._incidents() if each[name] == key), body))

        return action

    async def _task_variables(self, request: Request, body: Body) -> Response:
        task = self._engine.user_tasks.get(request.path_params["key"])
        if task is None:
            raise Rejected(Problem.NOT_FOUND, f"There is no user task with key {request.path_params['key']}.")
        scopes = {str(task.element.key), str(task.element.instance.key)}
        return JSONResponse(search((each for each in self._variables() if each["scopeKey"] in scopes), body))

    async def _xml(self, request: Request, _body: Body) -> Response:
        return Response(self._engine.definition(key=request.path_params["key"]).process.xml, media_type="text/xml")

    async def _statistics(self, request: Request, _body: Body) -> Response:
        return JSONResponse({"items": documents.statistics(self._engine.instance(request.path_params["key"]))})

    async def _sequence_flows(self, request: Request, _body: Body) -> Response:
        return JSONResponse({"items": documents.sequence_flows(self._engine.instance(request.path_params["key"]))})

    async def _hierarchy(self, request: Request, _body: Body) -> Response:
        found = documents.instance(self._engine.instance(request.path_params["key"]))
        names = ("processInstanceKey", "processDefinitionKey", "processDefinitionName")
        return JSONResponse([{name: found[name] for name in names}])


def _cluster() -> list[Route]:
    actions: dict[str, Action] = {
        "/v1/topology": _topology,
        "/v2/topology": _topology,
        "/v2/status": _no_content,
        "/v2/license": _license,
        "/v2/authentication/me": _me,
    }
    return [Route(path, answered(action), methods=["GET"]) for path, action in actions.items()]


def _search(all_: Documents, tests: Mapping[str, Test]) -> Action:
    async def action(_request: Request, body: Body) -> Response:
        return JSONResponse(search(all_(), body, **tests))

    return action


def _get(all_: Documents, field: str) -> Action:
    async def action(request: Request, _body: Body) -> Response:
        key = str(request.path_params["key"])
        found = next((each for each in all_() if each[field] == key), None)
        if found is None:
            raise Rejected(Problem.NOT_FOUND, f"There is nothing with the key {key}.")
        return JSONResponse(found)

    return action


async def _topology(_request: Request, _body: Body) -> Response:
    return JSONResponse(documents.topology())


async def _no_content(_request: Request, _body: Body) -> Response:
    return Response(status_code=204)


async def _license(_request: Request, _body: Body) -> Response:
    return JSONResponse({"validLicense": True, "licenseType": "demo", "isCommercial": False, "expiresAt": None})


async def _me(_request: Request, _body: Body) -> Response:
    empty: dict[str, list[str]] = {name: [] for name in ("authorizedComponents", "tenants", "groups", "roles")}
    nobody = dict.fromkeys(("userId", "userKey", "email", "salesPlanType"))
    return JSONResponse(
        {"username": "demo", "displayName": "Demo cluster", **nobody, **empty, "c8Links": {}, "canLogout": False}
    )
