"""For probes: is the process alive, and can it issue tokens now."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.errors import StorageUnavailable
from gatekey.http.problems import problem


def health_routes(ready: Callable[[], object]) -> list[Route]:
    """Return `/health/live` and `/health/ready`; `ready` raises `StorageUnavailable` when tokens cannot be issued."""

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "UP"})

    async def able(request: Request) -> Response:
        try:
            ready()
        except StorageUnavailable:
            return problem(request, 503, "The database does not answer.", {"retry-after": "2"})
        return JSONResponse({"status": "UP"})

    return [Route("/health/live", live), Route("/health/ready", able)]
