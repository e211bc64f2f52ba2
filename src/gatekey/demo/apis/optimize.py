"""
Optimize's public API over the demo cluster: one dashboard with one report, of all process instances.

A report's data come a page at a time. Variables that are ingested stand in the data of their process instance.
"""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.demo.apis.answers import Action, Body, answered, key_of
from gatekey.demo.apis.documents import TENANT, Document
from gatekey.demo.apis.operate import written
from gatekey.demo.apis.search import MOST
from gatekey.demo.cluster import DemoCluster
from gatekey.demo.model import Instance

DASHBOARD = "3f0c2f1e-5d0b-4a53-9a53-6b8f0d7c1e01"
REPORT = "3f0c2f1e-5d0b-4a53-9a53-6b8f0d7c1e02"
"""Both made up: they are in every collection that is asked for."""

VARIABLE = {"id", "name", "type", "value", "processInstanceId", "processDefinitionKey"}
"""Every member of an external variable is required."""

MOST_VARIABLES = 10_000
"""External variables that are remembered; the oldest goes first."""

LONGEST_VALUE = 4_000
"""Characters, so that all of them stay below 40 MB."""

CODES = {400: "badRequestError", 404: "notFoundError"}


class OptimizeApi:
    """Translates requests into questions to the engine."""

    def __init__(self, cluster: DemoCluster) -> None:
        self._engine = cluster.engine
        self._external: dict[tuple[str, str], Any] = {}

    def routes(self) -> list[Route]:
        """Return the routes below `/api`."""
        export = "/api/public/export"
        return [
            Route("/api/readyz", answered(_ready), methods=["GET"]),
            Route("/api/public/dashboard", answered(_listed(DASHBOARD), refusal), methods=["GET"]),
            Route("/api/public/report", answered(_listed(REPORT), refusal), methods=["GET"]),
            Route(f"{export}/dashboard/definition/json", answered(_dashboards, refusal, list), methods=["POST"]),
            Route(f"{export}/report/definition/json", answered(_reports, refusal, list), methods=["POST"]),
            Route(f"{export}/report/{{id:str}}/result/json", answered(self._result, refusal), methods=["GET"]),
            Route("/api/ingestion/variable", answered(self._ingest, refusal, list), methods=["POST"]),
        ]

    async def _result(self, request: Request, _body: Body) -> Response:
        """Return a page of data; `searchRequestId` is the key after which the next one begins."""
        asked = request.query_params
        limit, after = asked.get("limit", ""), asked.get("searchRequestId", "0")
        if any(key_of(text) < 0 for text in (limit, after, asked.get("paginationTimeout", ""))):
            raise HTTPException(400, "limit and paginationTimeout are needed, and are numbers")
        if request.path_params["id"] != REPORT:
            raise HTTPException(404, "Report does not exist")
        rest = [each for key, each in self._engine.instances.items() if key > int(after)]
        page = rest[: min(int(limit), MOST)]
        return JSONResponse(
            {
                "searchRequestId": str(page[-1].key) if page else after,
                "numberOfRecordsInResponse": len(page),
                "totalNumberOfRecords": len(self._engine.instances),
                "reportId": REPORT,
                "message": None,
                "data": [self._record(each) for each in page],
            }
        )

    def _record(self, found: Instance) -> Document:
        key = str(found.key)
        own = {name: each.value for name, each in found.variables.items()}
        external = {name: value for (instance, name), value in self._external.items() if instance == key}
        return {
            "processDefinitionKey": found.definition.process.process_id,
            "processDefinitionId": str(found.definition.key),
            "processInstanceId": key,
            "businessKey": None,
            "startDate": written(found.started),
            "endDate": written(found.ended),
            "duration": None if found.ended is None else found.ended - found.started,
            "engineName": "gatekey-demo",
            "tenantId": TENANT,
            "variables": {**own, **external},
        }

    async def _ingest(self, _request: Request, given: list[Any]) -> Response:
        if not all(_is_variable(each) for each in given):
            raise HTTPException(400, f"Each variable needs {', '.join(sorted(VARIABLE))}, and a short plain value")
        for each in given:
            self._external[str(each["processInstanceId"]), str(each["name"])] = each["value"]
        while len(self._external) > MOST_VARIABLES:
            del self._external[next(iter(self._external))]
        return Response(status_code=204)


def refusal(_request: Request, status: int, message: str) -> Response:
    """Return an error as Optimize writes it."""
    said = {"errorCode": CODES.get(status, "serverError"), "errorMessage": message, "detailedMessage": message}
    return JSONResponse(said, status)


def _listed(entity: str) -> Action:
    async def action(request: Request, _body: Body) -> Response:
        if "collectionId" not in request.query_params:
            raise HTTPException(400, "Must specify a collection id")
        return JSONResponse([{"id": entity}])

    return action


async def _dashboards(_request: Request, wanted: list[Any]) -> Response:
    _check_ids(wanted, DASHBOARD)
    reports = [{"id": REPORT, "type": "optimize_report", "position": {"x": 0, "y": 0}}]
    return JSONResponse([{**_entity(each, "dashboard"), "reports": reports, "availableFilters": []} for each in wanted])


async def _reports(_request: Request, wanted: list[Any]) -> Response:
    _check_ids(wanted, REPORT)
    data = {"view": {"entity": None, "properties": ["rawData"]}, "visualization": "table"}
    return JSONResponse([{**_entity(each, "single_process_report"), "data": data} for each in wanted])


def _check_ids(wanted: list[Any], known: str) -> None:
    if any(each != known for each in wanted):
        raise HTTPException(404, "There is nothing with one of these ids")


def _entity(entity: str, kind: str) -> Document:
    return {
        "id": entity,
        "exportEntityType": kind,
        "name": "Process instances of the demo cluster",
        "sourceIndexVersion": 1,
        "collectionId": None,
    }


async def _ready(_request: Request, _body: Body) -> Response:
    return Response()


def _is_variable(given: Any) -> bool:
    if not isinstance(given, Mapping) or set(given) != VARIABLE:
        return False
    return isinstance(given["value"], str | int | float | None) and len(str(given["value"])) <= LONGEST_VALUE
