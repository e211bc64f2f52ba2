"""
A STAND-IN for Optimize's public API: not Camunda's server, but paths, parameters and answers as Camunda documents them.

Optimize needs Elasticsearch, and no public registry serves that. Its reports and dashboards are made up; what is wrong
in a call is answered as documented for the status, in Optimize's form of an error.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.server.gateway.policy.model import Address
from support.asgi import served_application

DASHBOARDS = ["9b0eb845-e8ed-4824-bd85-8cd69038f2f5"]
REPORT = "e6c5aaa1-6a18-44e7-8480-d562d511ba62"
RECORDS = [{"processDefinitionKey": "greeting", "processInstanceId": str(2000 + index)} for index in range(5)]
VARIABLE = {"id", "name", "type", "value", "processInstanceId", "processDefinitionKey"}
"""Every member of an external variable is required."""


@dataclass
class OptimizeStandIn:
    """
    Where it listens, the variables it took in, and the headers of every call that came.
    """

    ingested: list[dict[str, Any]] = field(default_factory=list)
    heard: list[dict[str, str]] = field(default_factory=list)
    address: Address | None = None


@contextmanager
def optimize_stand_in() -> Iterator[OptimizeStandIn]:
    """
    Serve it on a free port.
    """
    here = OptimizeStandIn()
    with served_application(Starlette(routes=_routes(here))) as here.address:
        yield here


def _routes(here: OptimizeStandIn) -> list[Route]:
    async def dashboards(request: Request) -> Response:
        here.heard.append(dict(request.headers))
        if "collectionId" not in request.query_params:
            return _error(400, "badRequestError", "Must specify a collection id")
        return JSONResponse([{"id": dashboard} for dashboard in DASHBOARDS])

    async def definitions(request: Request) -> Response:
        here.heard.append(dict(request.headers))
        wanted = json.loads(await request.body())
        if not set(wanted) <= set(DASHBOARDS):
            return _error(404, "notFoundError", "Could not find dashboards with the given IDs")
        return JSONResponse([_definition(dashboard) for dashboard in wanted])

    async def variables(request: Request) -> Response:
        here.heard.append(dict(request.headers))
        given = json.loads(await request.body())
        if any(set(one) != VARIABLE for one in given):
            return _error(400, "badRequestError", "The external variable is not complete")
        here.ingested += given
        return Response(status_code=204)

    async def ready(_: Request) -> Response:
        return Response()

    return [
        Route("/api/readyz", ready),
        Route("/api/public/dashboard", dashboards),
        Route("/api/public/export/dashboard/definition/json", definitions, methods=["POST"]),
        Route("/api/public/export/report/{number}/result/json", _results),
        Route("/api/ingestion/variable", variables, methods=["POST"]),
    ]


async def _results(request: Request) -> Response:
    """
    A page of a report's data; the next one is asked for by the search's id.
    """
    asked = request.query_params
    if not {"limit", "paginationTimeout"} <= set(asked):
        return _error(400, "badRequestError", "limit and paginationTimeout are required")
    if request.path_params["number"] != REPORT:
        return _error(404, "notFoundError", "Report does not exist")
    begin = int(asked.get("searchRequestId", "0"))
    page = RECORDS[begin : begin + int(asked["limit"])]
    return JSONResponse(
        {
            "searchRequestId": str(begin + len(page)),
            "numberOfRecordsInResponse": len(page),
            "totalNumberOfRecords": len(RECORDS),
            "reportId": REPORT,
            "data": page,
        }
    )


def _definition(dashboard: str) -> dict[str, Any]:
    return {
        "id": dashboard,
        "exportEntityType": "dashboard",
        "name": "Greetings",
        "sourceIndexVersion": 7,
        "collectionId": None,
        "reports": [{"id": REPORT}],
        "availableFilters": [],
    }


def _error(status: int, code: str, message: str) -> Response:
    error = {"errorCode": code, "errorMessage": message, "detailedMessage": message}
    return JSONResponse(error, status_code=status)
