"""
The cluster's secrets for connectors that run elsewhere: `GET /secrets`.

Camunda's connector runtime names no cluster: the access token alone says which one. It drops its token on 401 and 403
and keeps old values on everything else.
"""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.errors import StorageUnavailable
from gatekey.http.problems import problem
from gatekey.oauth.vocabulary import Scope
from gatekey.server.clusters.ports import ClusterStore
from gatekey.server.events.model import Failed, SecretsRead
from gatekey.server.events.ports import Observer
from gatekey.server.tokens.verification import TokenCheck, Unverified

BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class SecretsApi:
    """Answers with a flat object, name to value, for tokens of the secrets audience."""

    check: TokenCheck
    store: ClusterStore
    observer: Observer

    def routes(self) -> list[Route]:
        """Return the API's one route."""
        return [Route("/secrets", self._get, methods=["GET"])]

    async def _get(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except StorageUnavailable as error:
            self.observer.tell(Failed("secrets", str(error)))
            return problem(request, 503, "The secrets cannot be read now.", {"retry-after": "2"})

    async def _answer(self, request: Request) -> Response:
        credentials = request.headers.getlist("authorization")
        if len(credentials) != 1 or not credentials[0].lower().startswith(BEARER):
            self.observer.tell(SecretsRead(None, 401, "no bearer token"))
            return problem(request, 401, "An access token is needed.", {"www-authenticate": "Bearer"})
        outcome = self.check.check(credentials[0][len(BEARER) :].strip(), Scope.SECRETS)
        if isinstance(outcome, Unverified):
            status, error = (403, "insufficient_scope") if outcome.forbidden else (401, "invalid_token")
            self.observer.tell(SecretsRead(None, status, outcome.public))
            return problem(request, status, outcome.public, {"www-authenticate": f'Bearer error="{error}"'})
        secrets = await run_in_threadpool(self.store.secrets, outcome.client.cluster_id)
        self.observer.tell(SecretsRead(outcome.client.client_id, 200, f"{len(secrets)} secrets"))
        values = {secret.name: secret.value.reveal() for secret in secrets}
        return JSONResponse(values, headers={"cache-control": "no-store"})
