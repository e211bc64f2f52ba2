"""What others read to trust our tokens: metadata (OpenID Connect Discovery, RFC 8414) and keys (RFC 7517)."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.errors import StorageUnavailable
from gatekey.http.problems import problem
from gatekey.oauth.client_authentication import Method
from gatekey.oauth.token_request import CLIENT_CREDENTIALS
from gatekey.server.api.oauth.token_life import INTROSPECTION_PATH, REVOCATION_PATH
from gatekey.server.signing_keys.ports import KeyRing
from gatekey.server.tokens.assertions import ALGORITHMS

JWKS_PATH = "/.well-known/jwks.json"
KEYCLOAK_JWKS_PATH = "/protocol/openid-connect/certs"
"""Where Camunda 8.2 to 8.7 (identity type KEYCLOAK) look for keys below the issuer."""

CACHE_SECONDS = 60
"""A new key is known everywhere a minute after it is published."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Serves metadata and keys. The documents list what is there, and nothing else."""

    issuer: str
    keys: KeyRing

    def routes(self) -> list[Route]:
        """Return the well-known routes and their aliases."""
        return [
            Route("/.well-known/openid-configuration", self._metadata, methods=["GET"]),
            Route("/.well-known/oauth-authorization-server", self._metadata, methods=["GET"]),
            Route(JWKS_PATH, self._keys, methods=["GET"]),
            Route(KEYCLOAK_JWKS_PATH, self._keys, methods=["GET"]),
            Route("/oauth/authorize", _no_authorization, methods=["GET"]),
        ]

    async def _metadata(self, request: Request) -> Response:
        try:
            algorithms = sorted({key.algorithm.value for key in self.keys.published_keys()})
        except StorageUnavailable:
            return problem(request, 503, "The keys cannot be read now.", {"retry-after": "2"})
        methods = [method.value for method in Method]
        document = {
            "issuer": self.issuer,
            "token_endpoint": f"{self.issuer}/oauth/token",
            "jwks_uri": f"{self.issuer}{JWKS_PATH}",
            # Spring, and so Camunda 8.8 and later, refuses a document without this member at its start.
            "authorization_endpoint": f"{self.issuer}/oauth/authorize",
            "response_types_supported": [],
            "grant_types_supported": [CLIENT_CREDENTIALS],
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
            "introspection_endpoint": f"{self.issuer}{INTROSPECTION_PATH}",
            "introspection_endpoint_auth_methods_supported": methods,
            "revocation_endpoint": f"{self.issuer}{REVOCATION_PATH}",
            "revocation_endpoint_auth_methods_supported": methods,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
        }
        return JSONResponse(document, headers=_caching())

    async def _keys(self, request: Request) -> Response:
        try:
            keys = self.keys.published_keys()
        except StorageUnavailable:
            return problem(request, 503, "The keys cannot be read now.", {"retry-after": "2"})
        return JSONResponse({"keys": [key.public_jwk() for key in keys]}, headers=_caching())


async def _no_authorization(_request: Request) -> Response:
    body = {"error": "unsupported_response_type", "error_description": f"The only grant is {CLIENT_CREDENTIALS}."}
    return JSONResponse(body, 400, {"cache-control": "no-store"})


def _caching() -> dict[str, str]:
    return {"cache-control": f"public, max-age={CACHE_SECONDS}"}
