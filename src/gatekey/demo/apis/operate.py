"""
Operate's REST API (v1, documented from 8.1 to 8.9) over the demo cluster.

Keys are numbers. A search answers `items`, their `total`, and the `sortValues` that the next page is asked for by.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.demo.apis.answers import Action, Body, answered, error, number_of
from gatekey.demo.apis.documents import TENANT, TYPES, Document, statistics, time_of
from gatekey.demo.apis.search import MOST, SearchError, search
from gatekey.demo.cluster import DemoCluster
from gatekey.demo.model import Definition, ElementInstance, Incident, Instance, Problem, Rejected, State, Variable

USUAL = 10
"""Items of a page that names no size; Operate's own default."""

STATES = {State.ACTIVE: "ACTIVE", State.COMPLETED: "COMPLETED", State.TERMINATED: "CANCELED"}


class OperateApi:
    """Translates requests into questions to the engine; there are no decisions in it, and so none are found."""

    def __init__(self, cluster: DemoCluster) -> None:
        self._engine = cluster.engine

    def routes(self) -> list[Route]:
        """Return the routes below `/v1` that are Operate's."""
        engine = self._engine
        searches: dict[str, Callable[[], Iterable[Document]]] = {
            "process-definitions": lambda: map(definition, engine.definitions.values()),
            "process-instances": lambda: map(instance, engine.instances.values()),
            "flownode-instances": lambda: map(flow_node, engine.elements()),
            "incidents": lambda: map(incident, engine.incidents.values()),
            "variables": lambda: (variable(*each) for each in engine.variables()),
            **dict.fromkeys(("decision-definitions", "decision-instances", "drd"), tuple),
        }
        found = []
        for name, all_ in searches.items():
            found.append(Route(f"/v1/{name}/search", answered(_search(all_), error), methods=["POST"]))
            found.append(Route(f"/v1/{name}/{{key:int}}", answered(_get(all_), error), methods=["GET"]))
        one = "/v1/process-instances/{key:int}"
        return [
            *found,
            Route("/v1/process-definitions/{key:int}/xml", answered(self._xml, error), methods=["GET"]),
            Route(f"{one}/statistics", answered(self._statistics, error), methods=["GET"]),
            Route(f"{one}/sequence-flows", answered(self._sequence_flows, error), methods=["GET"]),
            Route(one, answered(self._delete, error), methods=["DELETE"]),
        ]

    async def _xml(self, request: Request, _body: Body) -> Response:
        return Response(self._engine.definition(key=request.path_params["key"]).process.xml, media_type="text/xml")

    async def _statistics(self, request: Request, _body: Body) -> Response:
        found = statistics(self._engine.instance(request.path_params["key"]))
        return JSONResponse([{"activityId": each.pop("elementId"), **each} for each in found])

    async def _sequence_flows(self, request: Request, _body: Body) -> Response:
        return JSONResponse(sorted(self._engine.instance(request.path_params["key"]).taken))

    async def _delete(self, request: Request, _body: Body) -> Response:
        self._engine.delete_instance(request.path_params["key"])
        return JSONResponse({"message": f"Process instance {request.path_params['key']} is deleted.", "deleted": 1})


def page(documents: Iterable[Document], request: Body) -> Document:
    """Return one page of what fits. Raises `SearchError`."""
    wanted = request.get("filter") or {}
    orders = request.get("sort") or []
    if not isinstance(wanted, dict) or not isinstance(orders, list):
        raise SearchError("filter must be an object, sort a list")
    fields = [*orders, {"field": "key", "order": "ASC"}]
    # Clients in Java send every field, null where it does not matter; @camunda8/sdk sends keys as texts.
    filter_ = {name: _key(name, value) for name, value in wanted.items() if value is not None}
    found = search(documents, {"filter": filter_, "sort": fields, "page": {"limit": MOST}})
    items = following(found["items"], request.get("searchAfter"), "key")[: number_of(request, "size", USUAL)]
    last = [items[-1][order["field"]] for order in fields] if items else []
    return {"items": items, "sortValues": last, "total": found["page"]["totalItems"]}


def following(items: list[Document], after: Any, key: str) -> list[Document]:
    """Return what comes after an item; the last of its sort values is its key."""
    if not after:
        return items
    last = str(after[-1]) if isinstance(after, list) else ""
    place = next((index for index, item in enumerate(items) if str(item[key]) == last), None)
    if place is None:
        raise SearchError("searchAfter must be the sortValues of an earlier answer")
    return items[place + 1 :]


def definition(found: Definition) -> Document:
    """A process definition."""
    process = found.process
    return {
        "key": found.key,
        "name": process.name,
        "version": found.version,
        "versionTag": None,
        "bpmnProcessId": process.process_id,
        "tenantId": TENANT,
    }


def instance(found: Instance) -> Document:
    """A process instance."""
    return {
        "key": found.key,
        "processVersion": found.definition.version,
        "processVersionTag": None,
        "bpmnProcessId": found.definition.process.process_id,
        "parentKey": None,
        "parentFlowNodeInstanceKey": None,
        "startDate": written(found.started),
        "endDate": written(found.ended),
        "state": STATES[found.state],
        "incident": any(_open_incident(each) for each in found.elements.values()),
        "processDefinitionKey": found.definition.key,
        "tenantId": TENANT,
    }


def flow_node(found: ElementInstance) -> Document:
    """An element instance, as Operate calls it."""
    stopping = _open_incident(found)
    return {
        **_place(found),
        "key": found.key,
        "startDate": written(found.started),
        "endDate": written(found.ended),
        "flowNodeId": found.node.node_id,
        "flowNodeName": found.node.name,
        "incidentKey": stopping.key if stopping else None,
        "type": TYPES[found.node.kind],
        "state": STATES[found.state].replace("CANCELED", "TERMINATED"),
        "incident": stopping is not None,
    }


def incident(found: Incident) -> Document:
    """An incident."""
    return {
        **_place(found.element),
        "key": found.key,
        "type": found.kind,
        "message": found.message,
        "creationTime": written(found.created),
        "state": "RESOLVED" if found.resolved else "ACTIVE",
        "jobKey": found.job.key if found.job else None,
    }


def variable(of: Instance, found: Variable) -> Document:
    """
    A variable, as Operate and Tasklist show it.

    Both have `/v1/variables/{id}`, and who asks there cannot be told: the answer has the members of both.
    """
    value = json.dumps(found.value)
    return {
        "key": found.key,
        "processInstanceKey": of.key,
        "scopeKey": found.scope,
        "name": found.name,
        "value": value,
        "truncated": False,
        "tenantId": TENANT,
        "id": str(found.key),
        "previewValue": value,
        "isValueTruncated": False,
    }


def written(milliseconds: int | None) -> str | None:
    """Return an instant as the APIs before v2 write it."""
    found = time_of(milliseconds)
    return None if found is None else found.replace("Z", "+0000")


def _key(name: str, value: Any) -> Any:
    is_key = name.lower().endswith("key") and isinstance(value, str) and value.isascii() and value.isdecimal()
    return int(value) if is_key else value


def _place(found: ElementInstance) -> Document:
    return {
        "processInstanceKey": found.instance.key,
        "processDefinitionKey": found.instance.definition.key,
        "tenantId": TENANT,
    }


def _open_incident(found: ElementInstance) -> Incident | None:
    return next((each for each in found.incidents if not each.resolved), None)


def _search(all_: Callable[[], Iterable[Document]]) -> Action:
    async def action(_request: Request, body: Body) -> Response:
        return JSONResponse(page(all_(), body))

    return action


def _get(all_: Callable[[], Iterable[Document]]) -> Action:
    async def action(request: Request, _body: Body) -> Response:
        key = request.path_params["key"]
        found = next((each for each in all_() if each["key"] == key), None)
        if found is None:
            raise Rejected(Problem.NOT_FOUND, f"There is nothing with the key {key}.")
        return JSONResponse(found)

    return action
