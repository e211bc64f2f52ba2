"""What the HTTP APIs share: bodies are read, what they hold is checked, and rejections become documents."""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gatekey.demo.apis.search import SearchError
from gatekey.demo.bpmn import LARGEST
from gatekey.demo.model import Problem, Rejected

STATUS = {Problem.NOT_FOUND: 404, Problem.INVALID: 400, Problem.STATE: 409, Problem.EXISTS: 409, Problem.FULL: 503}

LONGEST_KEY = 19
"""Digits of the largest key; Zeebe's are 64-bit numbers."""

Body = Mapping[str, Any]
Action = Callable[[Request, Any], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
Refusal = Callable[[Request, int, str], Response]


def answered(action: Action, refusal: Refusal | None = None, kind: type[Any] = dict) -> Endpoint:
    """Return the endpoint of an action: reads JSON of a kind, and turns what is rejected into a `refusal`."""
    refuse = refusal or problem

    async def endpoint(request: Request) -> Response:
        try:
            return await action(request, await _body_of(request, kind))
        except Rejected as rejected:
            return refuse(request, STATUS[rejected.problem], str(rejected))
        except SearchError as error:
            return refuse(request, 400, f"{error}.")
        except HTTPException as error:
            return refuse(request, error.status_code, error.detail)

    return endpoint


def problem(request: Request, status: int, detail: str) -> Response:
    """Return problem details with all five members."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    return JSONResponse(body, status, media_type="application/problem+json")


def error(request: Request, status: int, message: str) -> Response:
    """Return an error as Operate and Tasklist write it; they have no 409."""
    status = HTTPStatus.BAD_REQUEST if status == HTTPStatus.CONFLICT else status
    body = {"status": status, "message": message, "instance": request.url.path, "type": HTTPStatus(status).phrase}
    return JSONResponse(body, status, media_type="application/problem+json")


async def _body_of(request: Request, kind: type[Any]) -> Any:
    if request.method == "GET" or not request.headers.get("content-type", "").startswith("application/json"):
        return kind()
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise HTTPException(413, f"The body has more than {LARGEST} bytes.")
    try:
        found = json.loads(body) if body else kind()
        if b"\\u" in body:
            # Half of a surrogate pair is JSON, but no text that an answer could repeat.
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, kind):
        raise HTTPException(400, f"The body must be a JSON {'object' if kind is dict else 'list'}.")
    return found


def key_of(text: str) -> int:
    """Return a key that was written as a text, -1 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_KEY else -1


def text_of(body: Body, name: str) -> str:
    """Return a text of the body, empty where there is none."""
    found = body.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Rejected(Problem.INVALID, f"{name} must be a text.")
    return found


def number_of(body: Body, name: str, usual: int) -> int:
    """Return a whole number of the body, which may be written as a text, or the usual one."""
    found = body.get(name)
    if found is None:
        return usual
    if isinstance(found, str) and found.isascii() and found.isdecimal():
        return int(found)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Rejected(Problem.INVALID, f"{name} must be a whole number.")
    return found


def variables_of(body: Body) -> Mapping[str, Any]:
    """Return the member `variables`, empty where there is none."""
    found = body.get("variables") or {}
    if not isinstance(found, dict):
        raise Rejected(Problem.INVALID, "variables must be an object.")
    return found
