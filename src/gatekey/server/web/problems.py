"""
Refusals of JSON APIs as problem details (RFC 9457).
"""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse


def problem(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """
    Return `application/problem+json` with all five members: Camunda's Python SDK fails without `instance`.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    return JSONResponse(body, status, {"cache-control": "no-store", **(headers or {})}, "application/problem+json")
