"""Refusals of JSON APIs as problem details (RFC 9457)."""

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import JSONResponse


def problem_details(status: int, detail: str, instance: str) -> dict[str, str | int]:
    """Return the five members; `instance` is the path that was called."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
    }


def problem(request: "Request", status: int, detail: str, headers: dict[str, str] | None = None) -> "JSONResponse":
    """Return `application/problem+json` with all five members: Camunda's Python SDK fails without `instance`."""
    from starlette.responses import JSONResponse  # here: whoever only needs the words starts without it

    body = problem_details(status, detail, request.url.path)
    return JSONResponse(body, status, {"cache-control": "no-store", **(headers or {})}, "application/problem+json")
