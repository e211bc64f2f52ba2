"""The guarded REST APIs: how a path or host names them, what lies below, which audiences open them."""

from dataclasses import dataclass

from gatekey.oauth.vocabulary import Scope
from gatekey.server.gateway.policy.model import Api, GatewayView, GuardedCluster


@dataclass(frozen=True, slots=True)
class RestApi:
    """
    One REST API: `roots` are the paths under which everything is passed, because what lies there grows.

    `shared` says that Camunda serves it from the orchestration cluster from 8.8 on, where Zeebe's audience opens it.
    """

    api: Api
    scope: Scope
    roots: tuple[str, ...]
    shared: bool = False

    @property
    def word(self) -> str:
        """The word for it in a host name, as Camunda SaaS forms it: `operate` in `bru-2.operate.camunda.io`."""
        return self.scope.audience_word

    @property
    def prefix(self) -> str:
        """The base path where all APIs share one host. Zeebe's needs none: its clients know no base path for gRPC."""
        return "" if self.api is Api.REST else f"/{self.word}"


ZEEBE = RestApi(Api.REST, Scope.ZEEBE, ("/v1", "/v2"))
"""`/v1` in 8.5 and `/v1`, `/v2` from 8.6."""

OPERATE = RestApi(Api.OPERATE, Scope.OPERATE, ("/v1",), shared=True)
TASKLIST = RestApi(Api.TASKLIST, Scope.TASKLIST, ("/v1", "/graphql"), shared=True)
"""REST from 8.2 on, GraphQL up to 8.7. `/v1/variables` is a path of both Operate and Tasklist: the base tells which."""

OPTIMIZE = RestApi(Api.OPTIMIZE, Scope.OPTIMIZE, ("/api/public", "/api/ingestion", "/api/readyz"))
READY = "/api/readyz"
"""Whether Optimize is up; it answers this without authentication, and so do we, where the path names the cluster."""

BESIDE_ZEEBE = (OPERATE, TASKLIST, OPTIMIZE)


def audience(view: GatewayView, scope: Scope = Scope.ZEEBE) -> str:
    """Return the audience of the tokens for the APIs of a scope, such as `zeebe.camunda.io`."""
    return f"{scope.audience_word}.{view.domain}"


def audiences(view: GatewayView, api: RestApi) -> tuple[str, ...]:
    """Return the audiences that may open `api`, at one cluster or another."""
    own = audience(view, api.scope)
    at_clusters = {name for cluster in view.clusters for name in audiences_at(view, api, cluster)}
    return tuple(sorted(at_clusters)) if api.shared and at_clusters else (own,)


def audiences_at(view: GatewayView, api: RestApi, cluster: GuardedCluster) -> tuple[str, ...]:
    """
    Return the audiences that open `api` at `cluster`: Zeebe's alone where Zeebe's own REST upstream serves it.

    There `/v1` may be Zeebe's own API (Camunda 8.5 to 8.7), which a client with another scope must not reach.
    """
    return (audience(view, Scope.ZEEBE if api.shared and cluster.is_served_by_rest(api.api) else api.scope),)


def api_at_path(path: str) -> tuple[RestApi, str]:
    """Return the API that a path without slashes in a row names, and the rest of the path."""
    for api in BESIDE_ZEEBE:
        if path == api.prefix or path.startswith(f"{api.prefix}/"):
            return api, path.removeprefix(api.prefix)
    return ZEEBE, path
