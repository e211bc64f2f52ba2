"""
The rules of the gateway exist as a function and as configuration of an Envoy. One table, both asked, one answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import grpc
import pytest

from gatekey.server.guarding import rules
from gatekey.server.guarding.decide import decide
from gatekey.server.guarding.model import Allowed, Claims, Denied, GatewayView, GuardedCluster, Kind, RequestHead
from support.gateway import TOPOLOGY, A, B, Stand, standing

ZEEBE = "zeebe.camunda.io"
REST_ONLY = "cccccccc-0000-4000-8000-00000000000c"
GRPC_ONLY = "dddddddd-0000-4000-8000-00000000000d"
UNKNOWN = "eeeeeeee-0000-4000-8000-00000000000e"
HEALTH = "/grpc.health.v1.Health/Check"

OTHER = (Kind.FORBIDDEN, rules.OTHER_CLUSTER)
NOTHING = (Kind.NOT_FOUND, rules.NOTHING_HERE)
ODD = (Kind.NOT_FOUND, rules.AMBIGUOUS)
SILENT = (Kind.UNAUTHENTICATED, rules.NO_TOKEN)


@dataclass(frozen=True)
class Row:
    path: str
    expected: str | tuple[Kind, str]
    token: str | None = A
    host: str = "localhost:26600"
    audience: str = ZEEBE
    grpc: bool = False


def own(cluster: str, region: str = "local") -> str:
    return f"{cluster}.{region}.{ZEEBE}"


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
    # tokens
    Row("/v2/topology", SILENT, token=None),
    Row("/nothing", SILENT, token=None),
    Row("/v2/../x", SILENT, token=None),
    Row("/v2/topology", SILENT, token=None, host=own(A)),
    Row("/v2/topology", (Kind.FORBIDDEN, rules.UNKNOWN_CLUSTER), token=UNKNOWN),
    Row("/v2/topology", (Kind.FORBIDDEN, rules.OTHER_API), audience="operate.camunda.io"),
    Row("/v2/../x", (Kind.FORBIDDEN, rules.OTHER_API), audience="operate.camunda.io"),
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
    with standing(tmp_path_factory.mktemp("gateway")) as stand:
        rest, calls = stand.rest_upstreams[A].address, stand.grpc_upstreams[A].address
        others = (GuardedCluster(REST_ONLY, "local", None, rest), GuardedCluster(GRPC_ONLY, "local", calls, None))
        stand.apply(clusters=(*stand.view.clusters, *others))
        yield stand


def decided(view: GatewayView, row: Row) -> str | tuple[Kind, str]:
    head = RequestHead(row.host, row.path, "application/grpc" if row.grpc else "application/json")
    claims = None if row.token is None else Claims((row.audience,), row.token)
    match decide(view, head, claims):
        case Allowed(cluster_id):
            return cluster_id
        case Denied(kind, public, _):
            return kind, public


def observed(stand: Stand, row: Row) -> str | tuple[Kind, str]:
    metadata = []
    if row.token is not None:
        metadata = [("authorization", f"Bearer {stand.issuer.token(row.token, aud=row.audience)}")]
    return observed_by_grpc(stand, row, metadata) if row.grpc else observed_by_rest(stand, row, metadata)


def observed_by_rest(stand: Stand, row: Row, headers: list[tuple[str, str]]) -> str | tuple[Kind, str]:
    answer = stand.ask(row.path, headers, host=row.host)
    if answer.status == 200:
        return {"a": A, "b": B}[answer.document["upstream"]]
    kind = next(kind for kind in Kind if kind.http_status == answer.status)
    assert answer.headers["content-type"] == "application/problem+json"
    return kind, answer.document["detail"]


def observed_by_grpc(stand: Stand, row: Row, metadata: list[tuple[str, str]]) -> str | tuple[Kind, str]:
    try:
        response = stand.call(row.path, metadata, host=row.host)
    except grpc.RpcError as error:
        kind = next(kind for kind in Kind if kind.grpc_status == error.code().value[0])
        return kind, error.details()
    return {b"a:ping": A, b"b:ping": B}[response]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{'grpc ' * row.grpc}{row.path} {row.host} {row.token}")
def test_the_decision_and_the_running_gateway_agree(stand: Stand, row: Row) -> None:
    decision = decided(stand.view, row)
    observation = observed(stand, row)

    assert (row.expected, row.expected) == (decision, observation)


@pytest.mark.parametrize(
    "row",
    [
        Row("/v2/topology", A, host=own(B)),
        Row("/v2/topology", A, host=own(UNKNOWN)),
        Row(HEALTH, A, token=None, grpc=True),
        Row(HEALTH, A, token=None, host=own(A), grpc=True),
    ],
    ids=lambda row: f"{row.path} {row.host}",
)
def test_without_an_own_domain_hosts_mean_nothing_and_one_cluster_is_the_one(
    tmp_path_factory: pytest.TempPathFactory, row: Row
) -> None:
    with standing(tmp_path_factory.mktemp("gateway")) as stand:
        stand.apply(hosts=False, clusters=stand.view.clusters[:1])

        assert (row.expected, row.expected) == (decided(stand.view, row), observed(stand, replace(row)))
