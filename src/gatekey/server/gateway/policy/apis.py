"""The guarded REST APIs: how a path or host names them, what lies below, which audiences open them."""

import re
from dataclasses import dataclass
from functools import cache

from gatekey.oauth.vocabulary import Scope
from gatekey.server.gateway.policy.model import Api, GatewayView, GuardedCluster


@dataclass(frozen=True, slots=True)
class RestApi:
    """
    One REST API: `roots` are the paths below which it lies.

    `resources` are its documented ones, with everything below each; without any, all below the roots is passed, because
    what lies there grows. `{id}` stands for one segment that begins with a digit, as Camunda's keys do. `aliases` are
    other spellings of roots. `shared`: from 8.8 on the orchestration cluster serves the API, and there Zeebe's audience
    opens it too.
    """

    api: Api
    scope: Scope
    roots: tuple[str, ...]
    resources: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    shared: bool = False

    @property
    def word(self) -> str:
        """The word for it in a host name, as Camunda SaaS forms it: `operate` in `bru-2.operate.camunda.io`."""
        return self.scope.audience_word

    @property
    def prefix(self) -> str:
        """The base path where all APIs share one host. Zeebe's needs none: its clients know no base path for gRPC."""
        return "" if self.api is Api.REST else f"/{self.word}"

    @property
    def paths(self) -> tuple[tuple[str, str], ...]:
        """Where the API is called and the root that is meant, in the order in which they are tried."""
        return (*self.aliases, *((root, root) for root in self.roots))


MCP = "/mcp/cluster"
"""Where a cluster serves the Model Context Protocol from 8.9 on."""

ZEEBE = RestApi(
    Api.REST,
    Scope.ZEEBE,
    ("/v1", "/v2", MCP),
    # The first two come of an address that was pasted with its /v2; the last is that of the private host.
    aliases=(("/v2/v2", "/v2"), (f"/v2{MCP}", MCP), ("/api/v2", "/v2")),
)
"""`/v1` in 8.5 and `/v1`, `/v2` from 8.6."""

OPERATE = RestApi(
    Api.OPERATE,
    Scope.OPERATE,
    ("/v1",),
    (
        "/v1/process-definitions",
        "/v1/process-instances",
        "/v1/incidents",
        "/v1/flownode-instances",
        "/v1/variables",
        "/v1/decision-definitions",
        "/v1/decision-instances",
        "/v1/drd",
    ),
    shared=True,
)
"""The Operate API of Camunda's documentation, 8.1 to 8.9; Zeebe's own `/v1` (8.5 to 8.7) has none of these."""

TASKLIST = RestApi(
    Api.TASKLIST,
    Scope.TASKLIST,
    ("/v1", "/graphql"),
    ("/v1/tasks", "/v1/variables/{id}", "/v1/forms", "/v1/users/current", "/graphql"),
    shared=True,
)
"""REST from 8.2 on, GraphQL up to 8.7; `/v1/variables/search` is Operate's on a server that has both."""

OPTIMIZE = RestApi(Api.OPTIMIZE, Scope.OPTIMIZE, ("/api/public", "/api/ingestion", "/api/readyz"))
READY = "/api/readyz"
"""Whether Optimize is up; it answers this without authentication, and so do we, where the path names the cluster."""

_ID = re.escape("{id}")

BESIDE_ZEEBE = (OPERATE, TASKLIST, OPTIMIZE)


def audience(view: GatewayView, scope: Scope = Scope.ZEEBE) -> str:
    """Return the audience of the tokens for the APIs of a scope, such as `zeebe.camunda.io`."""
    return f"{scope.audience_word}.{view.domain}"


def audiences(view: GatewayView, api: RestApi) -> tuple[str, ...]:
    """Return the audiences that may open `api`, at one cluster or another."""
    own = audience(view, api.scope)
    return (own, audience(view)) if api.shared and api.api in view.served_by_rest else (own,)


def audiences_at(view: GatewayView, api: RestApi, cluster: GuardedCluster) -> tuple[str, ...]:
    """Return the audiences that open `api` at `cluster`: its own, and Zeebe's where Zeebe's REST upstream serves it."""
    own = audience(view, api.scope)
    return (own, audience(view)) if api.shared and cluster.is_served_by_rest(api.api) else (own,)


@cache
def documented(api: RestApi) -> str:
    """Return a regular expression, for RE2 and Python's `re`, of the resources of an API with what lies below them."""
    names = (re.escape(resource).replace(_ID, r"[0-9][^/?]*") for resource in api.resources)
    return rf"(?:{'|'.join(names)})(?:[/?](?s:.*))?"


def offers(api: RestApi, path: str) -> bool:
    """Say whether `path`, without the API's prefix and without a cluster, is a documented one."""
    return not api.resources or re.fullmatch(documented(api), path) is not None


def api_at_path(path: str) -> tuple[RestApi, str]:
    """Return the API that a path without slashes in a row names, and the rest of the path."""
    for api in BESIDE_ZEEBE:
        if path == api.prefix or path.startswith(f"{api.prefix}/"):
            return api, path.removeprefix(api.prefix)
    return ZEEBE, path
