"""The revocation feed: what gateways read to refuse tokens that are revoked though not expired."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.errors import StorageUnavailable
from gatekey.http.problems import problem
from gatekey.server.events.model import Failed
from gatekey.server.events.ports import Observer
from gatekey.server.tokens.ports import RevocationStore

PATH = "/gateway/revocations"
BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class RevocationFeed:
    """
    Answers gateways that know the installation's gateway key.

    Each entry revokes tokens of its `subject` (a `jti`, a secret or key id, a client id, or `<client id>:<scope>`, as
    `kind` says) whose `iat` is before `before`; it may be forgotten after `until` (seconds since 1970). The `ETag`
    changes with every change.
    """

    store: RevocationStore
    key: str = field(repr=False)
    observer: Observer
    revision: Callable[[], int]
    now: Callable[[], float]

    def routes(self) -> list[Route]:
        """Return the feed's one route."""
        return [Route(PATH, self._get, methods=["GET"])]

    async def _get(self, request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"{BEARER}{self.key}".encode()):
            return problem(request, 401, "The gateway key is needed.", {"www-authenticate": "Bearer"})
        try:
            tag = f'"{self.revision()}"'
            if request.headers.get("if-none-match") == tag:
                return Response(status_code=304, headers={"etag": tag})
            revocations = await run_in_threadpool(self.store.all, self.now())
        except StorageUnavailable as error:
            self.observer.tell(Failed("revocation feed", str(error)))
            return problem(request, 503, "The revocations cannot be read now.", {"retry-after": "2"})
        entries = [
            {"kind": entry.kind.value, "subject": entry.subject, "before": entry.before, "until": entry.until}
            for entry in revocations
        ]
        return JSONResponse({"revocations": entries}, headers={"etag": tag, "cache-control": "no-cache"})
