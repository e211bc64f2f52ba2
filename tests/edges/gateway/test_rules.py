"""
The rules of the gateway exist as a function and as configuration of an Envoy. One table, both asked, one answer.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from gatekey.server.gateway.envoy.upstreams import upstream_name
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.decide import decide
from gatekey.server.gateway.policy.model import Allowed, Claims, Denied, GatewayView, GuardedCluster, Kind, RequestHead
from gatekey.server.gateway.policy.revocations import Named, Subject
from support.gateway import CLUSTER_CLAIM, TOPOLOGY, A, B, RestUpstream, Stand, standing

ZEEBE, OPERATE, TASKLIST, OPTIMIZE = (f"{word}.camunda.io" for word in ("zeebe", "operate", "tasklist", "optimize"))
REST_ONLY = "cccccccc-0000-4000-8000-00000000000c"
GRPC_ONLY = "dddddddd-0000-4000-8000-00000000000d"
UNKNOWN = "eeeeeeee-0000-4000-8000-00000000000e"
APART = "11111111-0000-4000-8000-000000000001"
"""A cluster whose Operate, Tasklist and Optimize have servers of their own, as up to 8.7."""

HEALTH = "/grpc.health.v1.Health/Check"

OPERATE_RESOURCES = (
    *("process-definitions", "process-instances", "incidents", "flownode-instances", "variables"),
    *("decision-definitions", "decision-instances", "drd"),
)

OTHER = (Kind.FORBIDDEN, rules.OTHER_CLUSTER)
OTHER_API = (Kind.FORBIDDEN, rules.OTHER_API)
NOTHING = (Kind.NOT_FOUND, rules.NOTHING_HERE)
NO_TRACE = (Kind.METHOD_NOT_ALLOWED, rules.NO_TRACE)
ODD = (Kind.NOT_FOUND, rules.AMBIGUOUS)
SILENT = (Kind.UNAUTHENTICATED, rules.NO_TOKEN)
NO_REST = (Kind.NOT_FOUND, rules.NO_REST)
REVOKED = (Kind.UNAUTHENTICATED, rules.REVOKED)

NOW = int(time.time())
EARLIER = NOW - 100
BASE = {
    Subject(Named.TOKEN, "token-1"): EARLIER,
    Subject(Named.CREDENTIAL, "secret-1"): EARLIER,
    Subject(Named.CLIENT, "client-1"): EARLIER,
    Subject(Named.CLIENT, "client-2", OPERATE): EARLIER,
    Subject(Named.CLIENT, "client-3"): EARLIER,
    Subject(Named.CLIENT, "client-3", OPERATE): NOW - 50,
}
DELTA = {
    Subject(Named.TOKEN, "token-2"): EARLIER,
    Subject(Named.CREDENTIAL, "secret-2"): EARLIER,
    Subject(Named.CLIENT, "client-4"): NOW + 3600,
    Subject(Named.CLIENT, "client-1"): NOW - 50,
}


@dataclass(frozen=True)
class Row:
    path: str
    expected: str | tuple[Kind, str]
    token: str | None = A
    host: str = "localhost:26600"
    audience: str | tuple[str, ...] = ZEEBE
    grpc: bool = False
    claims: Mapping[str, Any] = field(default_factory=dict)
    method: str = "GET"

    @property
    def upstream(self) -> str | tuple[Kind, str]:
        """Where the call ends: a bare cluster is its Zeebe."""
        plain = isinstance(self.expected, str) and "/" not in self.expected
        return f"{self.expected}/{'grpc' if self.grpc else 'rest'}" if plain else self.expected


def own(cluster: str, region: str = "local") -> str:
    return f"{cluster}.{region}.{ZEEBE}"


def private(cluster: str) -> str:
    return f"{cluster}.local.privateconnectivity.camunda.io"


def claiming(expected: str | tuple[Kind, str], audience: str = ZEEBE, *, grpc: bool = False, **claims: Any) -> Row:
    path = {OPERATE: "/operate/v1/incidents", ZEEBE: "/v2/topology"}[audience]
    token = APART if audience == OPERATE else A  # only there has Operate a server, and so an audience, of its own
    return Row(TOPOLOGY if grpc else path, expected, token, audience=audience, grpc=grpc, claims=claims)


ROWS = [
    # Zeebe REST, with and without the cluster in the path
    Row("/v1/topology", A),
    Row("/v2/topology", A),
    Row("/v2/topology", B, token=B),
    Row("/v2", A),
    Row("/v2/process-instances/search?sort=a;b", A),
    Row("/v2/license?next=/../x", A),
    Row("/v2/users/j%C3%BCrgen~1.x", A),
    Row("/v2/users/...", A),
    Row(f"/{A}/v1/topology", A),
    Row(f"/{A}/v2/topology", A),
    Row(f"//{A}//v2//topology", A),
    Row("//v2/topology", A),
    Row(f"/{B}/v2/topology", OTHER),
    Row(f"/{A}/v2/topology", OTHER, token=B),
    Row(f"/{UNKNOWN}/v2/topology", OTHER),
    Row(f"/{A.upper()}/v2/topology", OTHER),
    Row(f"/{A}", NOTHING),
    Row(f"/{A}/", NOTHING),
    Row(f"/{A}/v3/x", NOTHING),
    Row(f"/{A}/{A}/v2/x", NOTHING),
    Row(f"/{A}x/v2/x", NOTHING),
    Row("/", NOTHING),
    Row("/v2x/topology", NOTHING),
    Row("/V2/topology", NOTHING),
    Row("/actuator/health", NOTHING),
    Row("/v2/topology", (Kind.NOT_FOUND, rules.NO_REST), token=GRPC_ONLY),
    Row(f"/{GRPC_ONLY}/v2/topology", (Kind.NOT_FOUND, rules.NO_REST), token=GRPC_ONLY),
    # paths that a server may read differently
    Row("/v2/../actuator/env", ODD),
    Row("/v2/./topology", ODD),
    Row("/v2/..", ODD),
    Row("/v2/..;/actuator/env", ODD),
    Row("/v2/topology;x=y", ODD),
    Row("/v2/%2e%2e/actuator/env", ODD),
    Row("/v2/%2E./actuator/env", ODD),
    Row("/v2/..%2factuator/env", ODD),
    Row("/v2/..%5Cactuator/env", ODD),
    Row("/v2\\..\\actuator/env", ODD),
    Row("/v2/%00", ODD),
    Row("/v2/%0d%0ax", ODD),
    Row("/v2/x%3Bjsessionid=1", ODD),
    Row(f"/{A}/../{B}/v2/topology", ODD),
    # TRACE, which would send the token back
    Row("/v2/topology", NO_TRACE, method="TRACE"),
    Row("/nothing", NO_TRACE, method="TRACE"),
    Row(f"/{B}/v2/topology", NO_TRACE, method="TRACE"),
    Row("/v2/topology", NO_TRACE, token=UNKNOWN, method="TRACE"),
    Row(f"/operate/{A}/v1/incidents", NO_TRACE, method="TRACE"),
    Row("/operate/v1/topology", NO_TRACE, method="TRACE"),
    Row("/v2/../x", ODD, method="TRACE"),
    Row("/v2/topology", SILENT, token=None, method="TRACE"),
    Row(f"/optimize/{A}/api/readyz", NO_TRACE, token=None, method="TRACE"),
    Row("/v2/topology", OTHER_API, audience="operate.camunda.io", method="TRACE"),
    Row("/v2/topology", A, method="PURGE"),
    # hosts
    Row("/v2/topology", A, host=own(A)),
    Row("/v2/topology", A, host=f"{own(A)}:443"),
    Row("/v2/topology", A, host=own(A).upper()),
    Row(f"/{A}/v2/topology", A, host=own(A)),
    Row(f"/{B}/v2/topology", OTHER, host=own(A)),
    Row("/v2/topology", OTHER, host=own(B)),
    Row("/v2/topology", OTHER, host=own(A), token=UNKNOWN),
    Row("/v2/topology", OTHER, host=own(UNKNOWN)),
    Row("/v2/topology", OTHER, host=own(A, "elsewhere")),
    Row("/v2/topology", A, host=f"local.{ZEEBE}"),
    Row(f"/{A}/v2/topology", A, host=f"local.{ZEEBE}:443"),
    Row(f"/{B}/v2/topology", OTHER, host=f"local.{ZEEBE}"),
    Row("/v2/topology", A, host="gateway.example.org"),
    Row("/v2/topology", A, host="[::1]:26600"),
    Row("/v2/topology", ODD, host=f"{own(A)},{own(B)}"),
    Row("/v2/topology", ODD, host=f"me@{own(A)}"),
    Row("/v2/topology", OTHER, host=f"x{own(A)}"),
    Row(f"/{A}/v2/topology", A, host="local.api.camunda.io"),
    Row(f"//{A}//v2/topology", A, host="LOCAL.api.camunda.io:443"),
    Row(f"/operate/{A}/v1/incidents", A, host="local.api.camunda.io"),
    Row(f"/{B}/v2/topology", OTHER, host="local.api.camunda.io"),
    Row(f"/{A}/v2/topology", OTHER, host="elsewhere.api.camunda.io"),
    Row(f"/{A}/v2/topology", OTHER_API, host="local.api.camunda.io", audience=OPERATE),
    Row("/api/v2/topology", A, host=private(A)),
    Row("/api/v2/", A, host=f"{private(A)}:443"),
    Row("/mcp/cluster", A, host=private(A)),
    Row("/api/v2/topology", OTHER, host=private(B)),
    Row("/api/v2/topology", OTHER, host=private(UNKNOWN)),
    Row("/api/v2/topology", SILENT, token=None, host=private(A)),
    # spellings of the REST address
    Row(f"/{A}/v2/v2/topology?x", A),
    Row("/v2/v2", A),
    Row(f"/{A}/v2//v2/topology", A),
    Row(f"/{A}/api/v2/topology", A),
    Row("/v2/v2x", A),
    Row("/api/v1/topology", NOTHING),
    # MCP
    Row("/mcp/cluster", A),
    Row(f"/{A}/mcp/cluster", A),
    Row(f"/{A}/v2/mcp/cluster", A),
    Row(f"/{A}/mcp/cluster/x?y", A),
    Row(f"/{B}/mcp/cluster", OTHER),
    Row("/mcp", NOTHING),
    Row("/mcp/processes", NOTHING),
    Row("/mcp/cluster", OTHER_API, audience=OPERATE),
    Row("/mcp/cluster", SILENT, token=None),
    Row("/mcp/cluster", REVOKED, claims={"jti": "token-1"}),
    # tokens
    Row("/v2/topology", SILENT, token=None),
    Row("/nothing", SILENT, token=None),
    Row("/v2/../x", SILENT, token=None),
    Row("/v2/topology", SILENT, token=None, host=own(A)),
    Row("/v2/topology", (Kind.FORBIDDEN, rules.UNKNOWN_CLUSTER), token=UNKNOWN),
    Row("/v2/topology", (Kind.FORBIDDEN, rules.OTHER_API), audience="operate.camunda.io"),
    Row("/v2/../x", (Kind.FORBIDDEN, rules.OTHER_API), audience="operate.camunda.io"),
    Row("/v2/topology", A, audience=(OPERATE, ZEEBE)),
    # Operate, Tasklist and Optimize on one host
    Row(f"/operate/{APART}/v1/process-instances/search?a=/b", f"{APART}/operate", token=APART, audience=OPERATE),
    Row("/operate/v1/process-definitions/1/xml", f"{APART}/operate", token=APART, audience=OPERATE),
    Row(f"//operate//{APART}//v1//drd", f"{APART}/operate", token=APART, audience=OPERATE),
    Row(f"/tasklist/{APART}/v1/variables/1-x", f"{APART}/tasklist", token=APART, audience=TASKLIST),
    Row(f"/tasklist/{APART}/graphql", f"{APART}/tasklist", token=APART, audience=TASKLIST),
    Row("/tasklist/graphql", A, audience=ZEEBE),
    Row(f"/optimize/{APART}/api/public/dashboard?collectionId=1", f"{APART}/optimize", token=APART, audience=OPTIMIZE),
    Row(f"/optimize/{APART}/api/ingestion/variable", f"{APART}/optimize", token=APART, audience=OPTIMIZE),
    Row(f"/optimize/{A}/api/public/x", A, audience=OPTIMIZE),
    Row(f"/operate/{B}/v1/incidents", OTHER, audience=ZEEBE),
    Row(f"/tasklist/{A}/graphql", OTHER, token=B, audience=ZEEBE),
    Row(f"/optimize/{UNKNOWN}", OTHER, audience=OPTIMIZE),
    Row(f"/operate/{A}/v1/incidents", (Kind.FORBIDDEN, rules.UNKNOWN_CLUSTER), token=UNKNOWN, audience=ZEEBE),
    Row("/operate", NOTHING, audience=ZEEBE),
    Row("/operate?x", NOTHING, audience=ZEEBE),
    Row(f"/operate/{A}", NOTHING, audience=ZEEBE),
    Row(f"/operate/{A}/", NOTHING, audience=ZEEBE),
    Row(f"/operate/{A}/v2/x", NOTHING, audience=ZEEBE),
    Row(f"/operate/{A}/api/login", NOTHING, audience=ZEEBE),
    Row(f"/operate/{A}/graphql", NOTHING, audience=ZEEBE),
    Row(f"/operate/operate/{A}/v1/incidents", NOTHING, audience=ZEEBE),
    Row(f"/tasklist/{A}/graphqlx", NOTHING, audience=ZEEBE),
    Row(f"/optimize/{A}/api/x", NOTHING, audience=OPTIMIZE),
    Row(f"/operatex/{A}/v1/incidents", NOTHING),
    Row(f"/Operate/{A}/v1/incidents", NOTHING),
    Row(f"/operate/{A}/v1/../v2", ODD, audience=ZEEBE),
    Row(f"/operate/{A}/v1/incidents", SILENT, token=None),
    Row(f"/operate/{GRPC_ONLY}/v1/incidents", NO_REST, token=GRPC_ONLY, audience=ZEEBE),
    Row("/optimize/api/public/x", NO_REST, token=GRPC_ONLY, audience=OPTIMIZE),
    # … of Operate and Tasklist the documented resources, whatever server has them
    Row(f"/operate/{A}/v1", NOTHING, audience=OPERATE),
    Row(f"/operate/{A}/v1/topology", NOTHING, audience=OPERATE),
    Row(f"/operate/{A}/v1/user-tasks/1/assignment", NOTHING, audience=OPERATE),
    Row(f"/operate/{A}/v1/incidentsx", NOTHING, audience=OPERATE),
    Row(f"/operate/{A}/v1/tasks/search", NOTHING, audience=OPERATE),
    Row("/operate/v1/topology", NOTHING, token=APART, audience=OPERATE),
    Row("/operate/v1/topology", NOTHING, audience=ZEEBE),
    Row(f"/operate/{B}/v1/topology", NOTHING, audience=ZEEBE),
    Row("/operate/v1/topology", NOTHING, token=UNKNOWN, audience=ZEEBE),
    Row("/operate/v1/topology", NOTHING, audience=ZEEBE, host=own(B)),
    Row("/operate/v1/topology", OTHER, audience=ZEEBE, host=own(UNKNOWN)),
    Row("/operate/v1/topology", OTHER_API, audience=TASKLIST),
    Row(f"/tasklist/{A}/v1/topology", NOTHING, audience=TASKLIST),
    Row(f"/tasklist/{A}/v1/internal/users", NOTHING, audience=TASKLIST),
    Row(f"/tasklist/{A}/v1/variables/search", NOTHING, audience=TASKLIST),
    Row(f"/tasklist/{A}/v1/process-instances/search", NOTHING, audience=TASKLIST),
    # … opened by their own audience, and by Zeebe's where the orchestration cluster itself serves them
    *(Row(f"/operate/{A}/v1/{each}/search?x=/y", A, audience=OPERATE) for each in OPERATE_RESOURCES),
    *(Row(f"/operate/v1/{each}/1", A, audience=ZEEBE) for each in OPERATE_RESOURCES),
    Row(f"/tasklist/{A}/v1/tasks/1/assign", A, audience=TASKLIST),
    Row(f"/tasklist/{A}/v1/forms/x?processDefinitionKey=1", A, audience=TASKLIST),
    Row("/tasklist/v1/variables/1-x", A, audience=TASKLIST),
    Row("/tasklist/graphql", A, audience=TASKLIST),
    Row(f"/tasklist/{A}/v1/tasks", A, audience=ZEEBE),
    Row(f"/operate/{B}/v1/incidents", OTHER, audience=OPERATE),
    Row("/v1/process-instances/search", OTHER_API, audience=OPERATE),
    Row(f"/{A}/v1/tasks/search", OTHER_API, audience=TASKLIST),
    Row(f"/optimize/{A}/api/public/x", OTHER_API, audience=ZEEBE),
    Row(f"/operate/{APART}/v1/incidents", OTHER_API, token=APART, audience=ZEEBE),
    Row("/tasklist/graphql", OTHER_API, token=APART, audience=ZEEBE),
    Row(f"/operate/{APART}/v1/incidents", f"{APART}/operate", token=APART, audience=(ZEEBE, OPERATE)),
    Row(f"/operate/{A}/v1/incidents", OTHER_API, audience=TASKLIST),
    Row(f"/tasklist/{A}/v1/tasks", OTHER_API, audience=OPERATE),
    Row(f"/tasklist/{A}/v1/tasks", OTHER_API, audience="secrets.camunda.io"),
    Row(f"/{A}/v2/x", OTHER_API, audience=TASKLIST),
    Row(TOPOLOGY, OTHER_API, audience=OPTIMIZE, grpc=True),
    # … and on hosts of their own
    Row(f"/{APART}/v1/variables/1", f"{APART}/operate", token=APART, audience=OPERATE, host=f"local.{OPERATE}"),
    Row(f"/{APART}/v1/variables/1", f"{APART}/tasklist", token=APART, audience=TASKLIST, host=f"local.{TASKLIST}:443"),
    Row("/graphql", f"{APART}/tasklist", token=APART, audience=TASKLIST, host=f"LOCAL.{TASKLIST.upper()}"),
    Row(f"/{A}/v1/incidents", A, host=f"local.{OPERATE}"),
    Row(f"/{A}/v1/incidents", A, audience=OPERATE, host=f"local.{OPERATE}"),
    Row(f"/{A}/v1/topology", NOTHING, audience=OPERATE, host=f"local.{OPERATE}"),
    Row("/v1/topology", NOTHING, token=UNKNOWN, audience=OPERATE, host=f"local.{OPERATE}"),
    Row(f"/{APART}/v1/incidents", OTHER_API, token=APART, host=f"local.{OPERATE}"),
    Row(f"/{A}/v1/tasks", OTHER_API, audience=OPERATE, host=f"local.{TASKLIST}"),
    Row(f"/{B}/v1/incidents", OTHER, audience=ZEEBE, host=f"local.{OPERATE}"),
    Row(f"/{A}/v1/incidents", OTHER, audience=ZEEBE, host=f"elsewhere.{OPERATE}"),
    Row(f"/{A}/v1/incidents", OTHER, audience=ZEEBE, host=f"{A}.local.{OPERATE}"),
    Row(f"/operate/{A}/v1/incidents", NOTHING, audience=ZEEBE, host=f"local.{OPERATE}"),
    Row(f"/{A}/v2/topology", NOTHING, audience=ZEEBE, host=f"local.{OPERATE}"),
    Row(f"/{A}", NOTHING, audience=ZEEBE, host=f"local.{OPERATE}"),
    Row(TOPOLOGY, NOTHING, audience=ZEEBE, host=f"local.{OPERATE}", grpc=True),
    Row(HEALTH, NOTHING, token=None, host=f"local.{OPERATE}"),
    Row(HEALTH, NOTHING, token=None, host=f"local.{OPERATE}", grpc=True),
    Row(f"/{A}/v1/incidents", SILENT, token=None, host=f"local.{OPERATE}"),
    Row(f"/operate/{A}/v1/incidents", A, audience=ZEEBE, host=own(A)),
    Row(f"/operate/{A}/v1/incidents", OTHER, audience=ZEEBE, host=own(B)),
    # Optimize says whether it is up, to everybody who names the cluster
    Row(f"/optimize/{APART}/api/readyz", f"{APART}/optimize", token=None),
    Row(f"/optimize/{APART}/api/readyz", f"{APART}/optimize", token=APART, audience=OPTIMIZE),
    Row(f"/{APART}/api/readyz", f"{APART}/optimize", token=None, host=f"local.{OPTIMIZE}"),
    Row(f"/optimize/{A}/api/readyz", A, token=None, host=own(A)),
    Row(f"/optimize/{A}/api/readyz", SILENT, token=None, host=own(B)),
    Row(f"/optimize/{A}/api/readyz", SILENT, token=None, host=f"elsewhere.{OPTIMIZE}"),
    Row(f"/optimize/{A}/api/readyz?x", SILENT, token=None),
    Row(f"/optimize/{A}/api/readyz/x", SILENT, token=None),
    Row("/optimize/api/readyz", SILENT, token=None),
    Row(f"/optimize/{UNKNOWN}/api/readyz", SILENT, token=None),
    Row(f"/optimize/{GRPC_ONLY}/api/readyz", NO_REST, token=None),
    Row(f"/{A}/api/readyz", SILENT, token=None),
    # revoked tokens, among many written once and a few written at once
    claiming(REVOKED, jti="token-1"),
    claiming(REVOKED, jti="token-2"),
    claiming(REVOKED, jti="token-2", grpc=True),
    claiming(REVOKED, jti="token-1", iat=NOW + 5),
    claiming(REVOKED, credential_id="secret-1", iat=EARLIER - 1),
    claiming(REVOKED, credential_id="secret-2", iat=EARLIER - 1, grpc=True),
    claiming(REVOKED, credential_id="secret-1", iat=None),
    claiming(REVOKED, credential_id="secret-1", iat=EARLIER - 0.5),
    claiming(A, jti="token-9"),
    claiming(A, credential_id="secret-1", iat=EARLIER),
    claiming(A, credential_id="secret-1", iat=NOW, grpc=True),
    claiming(REVOKED, sub="client-1", iat=EARLIER - 1),
    claiming(REVOKED, sub="client-1", iat=NOW - 51),
    claiming(A, sub="client-1", iat=NOW - 50),
    claiming(REVOKED, sub="client-4", iat=NOW, grpc=True),
    claiming(REVOKED, sub="client-4", credential_id="secret-1", iat=NOW),
    claiming(REVOKED, sub="client-3", credential_id="secret-1", iat=EARLIER - 1),
    claiming(REVOKED, sub="client-9", credential_id="secret-1", jti="token-1", iat=NOW),
    claiming(REVOKED, OPERATE, sub="client-2", iat=EARLIER - 1),
    claiming(f"{APART}/operate", OPERATE, sub="client-2", iat=EARLIER),
    claiming(A, ZEEBE, sub="client-2", iat=EARLIER - 1),
    claiming(REVOKED, OPERATE, sub="client-3", iat=NOW - 51),
    claiming(A, ZEEBE, sub="client-3", iat=NOW - 51),
    claiming(A, sub="token-1", jti="secret-1", credential_id="client-1", iat=1),
    Row("/nothing", REVOKED, claims={"jti": "token-1"}),
    Row("/v2/../x", REVOKED, claims={"jti": "token-1"}),
    Row("/v2/topology", OTHER_API, audience=TASKLIST, claims={"jti": "token-1"}),
    Row("/v2/topology", REVOKED, token=UNKNOWN, claims={"jti": "token-1"}),
    # gRPC
    Row(TOPOLOGY, A, grpc=True),
    Row(TOPOLOGY, B, token=B, grpc=True),
    Row(TOPOLOGY, A, host=own(A), grpc=True),
    Row(TOPOLOGY, OTHER, host=own(B), grpc=True),
    Row("/gateway_protocol.Gateway/MethodOfTomorrow", A, grpc=True),
    Row("/gateway_protocol.Gateway/../x", ODD, grpc=True),
    Row("/gateway_protocol.Other/Topology", NOTHING, grpc=True),
    Row("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", NOTHING, grpc=True),
    Row(TOPOLOGY, NOTHING),
    Row(TOPOLOGY, SILENT, token=None, grpc=True),
    Row(TOPOLOGY, (Kind.FORBIDDEN, rules.UNKNOWN_CLUSTER), token=UNKNOWN, grpc=True),
    Row(TOPOLOGY, (Kind.FORBIDDEN, rules.OTHER_API), audience="operate.camunda.io", grpc=True),
    Row(TOPOLOGY, (Kind.NOT_FOUND, rules.NO_GRPC), token=REST_ONLY, grpc=True),
    # gRPC health, open to all as on Camunda's own gateway, where the cluster is clear
    Row(HEALTH, A, grpc=True),
    Row(HEALTH, B, token=B, grpc=True),
    Row(HEALTH, A, token=None, host=own(A), grpc=True),
    Row(HEALTH, B, token=None, host=own(B), grpc=True),
    Row(HEALTH, SILENT, token=None, grpc=True),
    Row(HEALTH, SILENT, token=None, host=own(UNKNOWN), grpc=True),
    Row(HEALTH, SILENT, token=None, host=own(A)),
    Row(HEALTH, OTHER, host=own(B), grpc=True),
    Row(HEALTH, (Kind.FORBIDDEN, rules.UNKNOWN_CLUSTER), token=UNKNOWN, grpc=True),
    Row(HEALTH, (Kind.NOT_FOUND, rules.NO_GRPC), token=None, host=own(REST_ONLY), grpc=True),
    Row("/grpc.health.v1.Health/../x", ODD, token=None, host=own(A), grpc=True),
]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    apart = [RestUpstream(f"apart/{word}") for word in ("operate", "tasklist", "optimize")]
    with (
        apart[0],
        apart[1],
        apart[2],
        standing(tmp_path_factory.mktemp("gateway"), revocations=BASE) as stand,
    ):
        rest, calls = stand.rest_upstreams[A].address, stand.grpc_upstreams[A].address
        others = (
            GuardedCluster(REST_ONLY, "local", None, rest),
            GuardedCluster(GRPC_ONLY, "local", calls, None),
            GuardedCluster(APART, "local", calls, rest, *(upstream.address for upstream in apart)),
        )
        stand.apply(clusters=(*stand.view.clusters, *others), revocations={**BASE, **DELTA})
        yield stand


def claims_of(stand: Stand, row: Row) -> dict[str, Any]:
    audience = row.audience if isinstance(row.audience, str) else list(row.audience)
    return stand.issuer.claims(row.token or A, **{"aud": audience, **row.claims})


def decided(stand: Stand, row: Row) -> Allowed | Denied:
    head = RequestHead(row.host, row.path, "application/grpc" if row.grpc else "application/json", row.method)
    said = claims_of(stand, row)
    audiences = (row.audience,) if isinstance(row.audience, str) else row.audience
    claims = Claims(audiences, said[CLUSTER_CLAIM], said["sub"], said["credential_id"], said["jti"], said.get("iat"))
    return decide(stand.view, head, None if row.token is None else claims)


def where(view: GatewayView, decision: Allowed | Denied) -> str | tuple[Kind, str]:
    match decision:
        case Allowed(cluster_id, api, _):
            return upstream_name(view.by_id[cluster_id], api)
        case Denied(kind, public, _):
            return kind, public


def observed(stand: Stand, row: Row, decision: Allowed | Denied) -> str | tuple[Kind, str]:
    metadata = []
    if row.token is not None:
        token = stand.issuer.sign(claims_of(stand, row))
        metadata = [("authorization", f"Bearer {token}")]
    return observed_by_grpc(stand, row, metadata) if row.grpc else observed_by_rest(stand, row, metadata, decision)


def observed_by_rest(
    stand: Stand, row: Row, headers: list[tuple[str, str]], decision: Allowed | Denied
) -> str | tuple[Kind, str]:
    answer = stand.ask(row.path, headers, host=row.host, method=row.method)
    if answer.status == 200:
        assert isinstance(decision, Allowed)
        assert decision.path == answer.document["path"]
        cluster, _, api = answer.document["upstream"].partition("/")
        return f"{ {'a': A, 'b': B, 'apart': APART}[cluster] }/{api or 'rest'}"
    kind = next(kind for kind in Kind if kind.http_status == answer.status)
    assert answer.headers["content-type"] == "application/problem+json"
    return kind, answer.document["detail"]


def observed_by_grpc(stand: Stand, row: Row, metadata: list[tuple[str, str]]) -> str | tuple[Kind, str]:
    try:
        response = stand.call(row.path, metadata, host=row.host)
    except grpc.RpcError as error:
        kind = next(kind for kind in Kind if kind.grpc_status == error.code().value[0])
        return kind, error.details()
    return {b"a:ping": f"{A}/grpc", b"b:ping": f"{B}/grpc"}[response]


def name_of(row: Row) -> str:
    words = [
        "grpc" * row.grpc,
        row.method.removeprefix("GET"),
        row.path,
        row.host.partition(":")[0],
        (row.token or "none")[:2],
    ]
    said = "" if row.audience == ZEEBE else str(row.audience)
    return " ".join(filter(None, [*words, said, *(f"{name}={_told(value)}" for name, value in row.claims.items())]))


def _told(claim: object) -> object:
    """
    Instants by their distance from now: workers that share the tests must call them alike.
    """
    return f"now{claim - NOW:+}" if isinstance(claim, int | float) and abs(claim - NOW) < 86_400 else claim


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_the_decision_and_the_running_gateway_agree(stand: Stand, row: Row) -> None:
    decision = decided(stand, row)
    observation = observed(stand, row, decision)

    assert (row.upstream, row.upstream) == (where(stand.view, decision), observation)


@pytest.mark.parametrize(
    "row",
    [
        Row("/v2/topology", A, host=own(B)),
        Row("/v2/topology", A, host=own(UNKNOWN)),
        Row("/v2/topology", A, host=f"local.{OPERATE}"),
        Row(HEALTH, A, token=None, grpc=True),
        Row(HEALTH, A, token=None, host=own(A), grpc=True),
    ],
    ids=name_of,
)
def test_without_an_own_domain_hosts_mean_nothing_and_one_cluster_is_the_one(
    tmp_path_factory: pytest.TempPathFactory, row: Row
) -> None:
    with standing(tmp_path_factory.mktemp("gateway"), hosts=False) as stand:
        stand.apply(clusters=stand.view.clusters[:1])
        decision = decided(stand, row)

        assert (row.upstream, row.upstream) == (where(stand.view, decision), observed(stand, row, decision))
