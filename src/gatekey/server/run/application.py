"""The service's front door: which room answers a request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from gatekey.server.api.decision_forms import form_of
from gatekey.server.api.oauth.token_endpoint import TokenEndpoint
from gatekey.server.callers.naming import Callers


@dataclass(frozen=True, slots=True)
class Application:
    """The OAuth endpoints by path and the decision endpoint, beside (not inside) the framework that serves all else."""

    endpoints: Mapping[bytes, ASGIApp]
    at_once: Mapping[bytes, TokenEndpoint]
    """Those endpoints that a protocol may ask without ASGI in between."""
    decisions: ASGIApp
    others: ASGIApp
    callers: Callers
    """For the protocol, which names the caller of a request before any room sees it."""
    end: Callable[[], None]
    """Lets nobody wait any more; may be called from any thread."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one connection to its room."""
        await self._room(scope)(scope, receive, send)

    def _room(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self.others
        # The path as sent: decoded, `/oauth%2ftoken` would be the endpoint here and something else for a proxy.
        path = scope["raw_path"]
        return self.endpoints.get(path) or (self.others if form_of(path) is None else self.decisions)
