"""
Which tokens open the gateway, and how a refusal reads, in gRPC and in REST.
"""

import hashlib
import hmac
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.model import Address
from support.gateway import CLUSTER_CLAIM, PATIENCE, TOPOLOGY, A, B, Issuer, Stand, compact, free_port, standing

Headers = list[tuple[str, str]]

TOPOLOGY_PATH = "/v2/topology"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with standing(tmp_path_factory.mktemp("gateway")) as stand:
        yield stand


def bearer(token: str) -> Headers:
    return [("authorization", f"Bearer {token}")]


def signed_with_the_public_key(stand: Stand, algorithm: str = "HS256") -> str:
    """The classic confusion: the public key, which everybody has, taken as the secret of an HMAC."""
    public = stand.issuer.key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = compact({"alg": algorithm, "kid": stand.issuer.key.kid}, stand.issuer.claims()).rpartition(".")[0]
    signature = hmac.new(public, unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{compact({}, {}, signature).rpartition('.')[2]}"


def signed_with_its_own_key() -> str:
    """The key that verifies it is inside, as if that proved something (RFC 7515 section 4.1.3)."""
    stranger = Issuer("key-2")
    return stranger.token(header={"jwk": json.loads(stranger.keys())["keys"][0]})


def with_claims_of(stand: Stand, victim: str) -> str:
    """A good signature over other claims."""
    header, _, signature = stand.issuer.token(A).split(".")
    payload = stand.issuer.token(victim).split(".")[1]
    return f"{header}.{payload}.{signature}"


def minutes_ago(minutes: int) -> int:
    return int(time.time()) - 60 * minutes


MISSING = "No access token came with the call. Send it once, as 'Authorization: Bearer <token>'."
MALFORMED = "The Authorization header is not one 'Bearer <token>'."

UNAUTHENTICATED: dict[str, tuple[Callable[[Stand], Headers], str]] = {
    "no header": (lambda _: [], MISSING),
    "empty header": (lambda _: [("authorization", "")], MALFORMED),
    "garbage": (lambda _: bearer("garbage"), MALFORMED),
    "two dots of garbage": (lambda _: bearer("a.b.c"), "Jwt header is an invalid"),
    "basic": (lambda _: [("authorization", "Basic YTpi")], MALFORMED),
    "no scheme": (lambda s: [("authorization", s.issuer.token())], MALFORMED),
    "scheme only": (lambda _: [("authorization", "Bearer ")], MALFORMED),
    "another scheme's end": (lambda s: [("authorization", f"xBearer {s.issuer.token()}")], MALFORMED),
    "quoted": (lambda s: bearer(f'"{s.issuer.token()}"'), MALFORMED),
    "two tokens in one header": (lambda s: bearer(f"{s.issuer.token()}, Bearer {s.issuer.token(B)}"), MALFORMED),
    "two headers": (lambda s: [*bearer(s.issuer.token()), *bearer(s.issuer.token(B))], MALFORMED),
    "two equal headers": (lambda s: 2 * bearer(s.issuer.token()), MALFORMED),
    "good header after a basic one": (
        lambda s: [("authorization", "Basic YTpi"), *bearer(s.issuer.token())],
        MALFORMED,
    ),
    "encrypted token": (lambda s: bearer(s.issuer.token() + ".a.b"), MALFORMED),
    "expired": (lambda s: bearer(s.issuer.token(exp=minutes_ago(1))), "Jwt is expired"),
    "never expires": (lambda s: bearer(s.issuer.token(exp=None)), "Jwt verification fails"),
    "not yet valid": (lambda s: bearer(s.issuer.token(nbf=minutes_ago(-5))), "Jwt not yet valid"),
    "wrong issuer": (lambda s: bearer(s.issuer.token(iss="http://issuer.test/")), "Jwt issuer is not configured"),
    "no issuer": (lambda s: bearer(s.issuer.token(iss=None)), "Jwt issuer is not configured"),
    "foreign key": (lambda _: bearer(Issuer().token()), "Jwt verification fails"),
    "unknown key id": (lambda s: bearer(s.issuer.token(header={"kid": "key-9"})), "key to match kid"),
    "key id as a path": (lambda s: bearer(s.issuer.token(header={"kid": "../../etc/passwd"})), "key to match kid"),
    "another algorithm of the same key": (
        lambda s: bearer(compact({"alg": "RS512", "kid": "key-1"}, s.issuer.claims(), b"x" * 256)),
        "key to match kid or alg",
    ),
    "none": (lambda s: bearer(compact({"alg": "none"}, s.issuer.claims(), b"x")), "[alg] is not supported"),
    "None": (lambda s: bearer(compact({"alg": "None"}, s.issuer.claims(), b"x")), "[alg] is not supported"),
    "none without signature": (lambda s: bearer(compact({"alg": "none"}, s.issuer.claims())), MALFORMED),
    "no signature": (lambda s: bearer(s.issuer.token().rpartition(".")[0] + "."), MALFORMED),
    "HMAC with the public key": (lambda s: bearer(signed_with_the_public_key(s)), "key to match kid or alg"),
    "other claims under a good signature": (lambda s: bearer(with_claims_of(s, B)), "Jwt verification fails"),
    "embedded key": (
        lambda _: bearer(signed_with_its_own_key()),
        "key to match kid",
    ),
}


@pytest.mark.parametrize("name", UNAUTHENTICATED)
def test_without_a_good_token_rest_answers_401_with_a_problem(stand: Stand, name: str) -> None:
    make, reason = UNAUTHENTICATED[name]

    answer = stand.ask(f"{TOPOLOGY_PATH}?access=hidden", make(stand))

    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")
    assert sorted(answer.document) == ["detail", "instance", "status", "title", "type"]
    assert tuple(answer.document[key] for key in ("instance", "status", "title")) == (
        TOPOLOGY_PATH,
        401,
        "Unauthorized",
    )
    assert reason in answer.document["detail"]
    assert ("Bearer" if name == "no header" else 'Bearer error="invalid_token"') == answer.headers["www-authenticate"]


@pytest.mark.parametrize("name", UNAUTHENTICATED)
def test_without_a_good_token_grpc_ends_with_status_16(stand: Stand, name: str) -> None:
    make, reason = UNAUTHENTICATED[name]

    with pytest.raises(grpc.RpcError) as refusal:
        stand.call(TOPOLOGY, make(stand))

    assert refusal.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert reason in refusal.value.details()


FORBIDDEN: dict[str, Callable[[Stand], str]] = {
    "audience of another API": lambda s: s.issuer.token(aud="operate.camunda.io"),
    "audience of another domain": lambda s: s.issuer.token(aud="zeebe.example.org"),
    "audience with more in front": lambda s: s.issuer.token(aud="xzeebe.camunda.io"),
    "no audience": lambda s: s.issuer.token(aud=None),
    "cluster unknown here": lambda s: s.issuer.token("ffffffff-0000-4000-8000-00000000000f"),
    "no cluster": lambda s: bound(s, None),
    "cluster only as the newer claim": lambda s: s.issuer.token(scope=None),
    "clusters in a list": lambda s: bound(s, [A]),
    "cluster in an object": lambda s: bound(s, {"id": A}),
    "cluster among other words": lambda s: bound(s, f"{A} {B}"),
    "cluster with a line break": lambda s: bound(s, f"{A}\r\nx-gatekey-cluster: {A}"),
    "cluster in upper case": lambda s: bound(s, A.upper()),
    "cluster under a nested name": lambda s: s.issuer.sign(
        {**s.issuer.claims(scope=None), "https://camunda": {"com/clusterId": A}}
    ),
    "empty cluster": lambda s: bound(s, ""),
}


def bound(stand: Stand, cluster: object) -> str:
    """A token that says `cluster` in both claims that bind one, as all of ours do."""
    said: dict[str, Any] = {CLUSTER_CLAIM: cluster, "scope": cluster}
    return stand.issuer.token(**said)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_good_token_for_something_else_is_forbidden_and_never_unauthorized(stand: Stand, name: str) -> None:
    headers = bearer(FORBIDDEN[name](stand))

    answer = stand.ask(TOPOLOGY_PATH, headers)
    with pytest.raises(grpc.RpcError) as refusal:
        stand.call(TOPOLOGY, headers)

    assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json")
    assert refusal.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert answer.document["detail"] == refusal.value.details() != ""


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ["zeebe.camunda.io"]},
        {"aud": ["operate.camunda.io", "zeebe.camunda.io"]},
        {"exp": int(time.time()) + 86_400},
        {"nbf": int(time.time())},
        {"iat": None},
    ],
    ids=["usual", "aud in a list", "aud among others", "exp tomorrow", "nbf now", "no iat"],
)
def test_a_good_token_opens_rest_and_grpc(stand: Stand, changes: dict[str, Any]) -> None:
    headers = bearer(stand.issuer.token(**changes))

    answer = stand.ask(TOPOLOGY_PATH, headers)

    assert (answer.status, answer.document["upstream"]) == (200, "a")
    assert stand.call(TOPOLOGY, headers) == b"a:ping"


def test_clocks_may_differ_by_a_few_seconds(stand: Stand) -> None:
    just_expired = int(time.time()) - 2

    assert stand.ask(TOPOLOGY_PATH, bearer(stand.issuer.token(exp=just_expired))).status == 200


@pytest.mark.parametrize("scheme", ["bearer ", "BEARER ", "BeArEr ", "Bearer  ", "bEARER     "])
def test_the_scheme_may_stand_in_any_case_with_any_number_of_spaces(stand: Stand, scheme: str) -> None:
    authorization = f"{scheme}{stand.issuer.token()}"

    seen = stand.ask(TOPOLOGY_PATH, [("Authorization", authorization)])

    assert 200 == seen.status
    assert "authorization" not in seen.document["headers"]
    assert b"a:ping" == stand.call(TOPOLOGY, [("authorization", authorization)])


def test_nothing_but_spaces_stands_between_scheme_and_token(stand: Stand) -> None:
    answer = stand.ask(TOPOLOGY_PATH, [("Authorization", f"Bearer\t{stand.issuer.token()}")])

    assert (401, MALFORMED) == (answer.status, answer.document["detail"])


UPGRADE = [("connection", "upgrade"), ("upgrade", "websocket")]


@pytest.mark.parametrize("with_token", [True, False])
def test_an_upgrade_is_refused_in_words(stand: Stand, with_token: bool) -> None:  # noqa: FBT001 - a column of the table
    answer = stand.ask(TOPOLOGY_PATH, [*UPGRADE, *(stand.bearer() if with_token else [])])

    assert (403, rules.NO_UPGRADE) == (answer.status, answer.document["detail"])


@pytest.mark.parametrize(
    "head",
    [
        "GET /v2/topology HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x",
        "GET /v2/topology HTTP/1.1\r\nConnection: close",
        "GET /v2/topology HTTP/1.0\r\nHost: a",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nConnection: close",
        "POST /v2/topology HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\nConnection: close",
        f"GET /v2/topology HTTP/1.1\r\nHost: a\r\nX: {'a' * 70_000}",
        "x",
    ],
)
def test_every_refusal_says_why(stand: Stand, head: str) -> None:
    with socket.create_connection(("127.0.0.1", stand.view.listen.port), PATIENCE) as connection:
        connection.sendall(f"{head}\r\nAuthorization: Bearer {stand.issuer.token()}\r\n\r\n".encode())
        response = http.client.HTTPResponse(connection)
        response.begin()
        document = json.loads(response.read())

    assert "application/problem+json" == response.headers["content-type"]
    assert document["detail"]


def test_trace_is_answered_with_the_methods_that_pass(stand: Stand) -> None:
    answer = stand.ask(TOPOLOGY_PATH, stand.bearer(), method="TRACE")

    assert (405, rules.ALLOWED_METHODS) == (answer.status, answer.headers["allow"])


def test_that_the_gateway_remembers_a_token_opens_nothing_to_its_neighbours(stand: Stand) -> None:
    token = stand.issuer.token()
    assert [stand.ask(TOPOLOGY_PATH, bearer(token)).status for _ in range(2)] == [200, 200]

    header, payload, signature = token.split(".")
    neighbours = [
        f"{header}.{payload}.{signature[:-4]}",
        f"{header}.{payload}.{signature}AAAA",
        f"{payload}.{header}.x",
    ]

    assert [stand.ask(TOPOLOGY_PATH, bearer(neighbour)).status for neighbour in neighbours] == [401, 401, 401]


def test_a_token_elsewhere_than_in_the_header_does_not_count(stand: Stand) -> None:
    token = stand.issuer.token()
    places: dict[str, Callable[[], int]] = {
        "query": lambda: stand.ask(f"{TOPOLOGY_PATH}?access_token={token}").status,
        "cookie": lambda: stand.ask(TOPOLOGY_PATH, [("cookie", f"access_token={token}; authorization={token}")]).status,
        "proxy": lambda: stand.ask(TOPOLOGY_PATH, [("proxy-authorization", f"Bearer {token}")]).status,
        "own header": lambda: stand.ask(TOPOLOGY_PATH, [("x-gatekey-nowhere", token)]).status,
        "form": lambda: stand.ask(TOPOLOGY_PATH, body=f"access_token={token}".encode()).status,
    }

    assert dict.fromkeys(places, 401) == {name: ask() for name, ask in places.items()}


def test_a_token_that_nobody_signed_for_this_gateway_opens_no_other_cluster(stand: Stand) -> None:
    seen = {cluster: stand.ask(TOPOLOGY_PATH, stand.bearer(cluster)).document["upstream"] for cluster in (A, B)}

    assert seen == {A: "a", B: "b"}


def test_what_is_not_guarded_is_refused_without_a_token_and_not_found_with_one(stand: Stand) -> None:
    statuses = {path: stand.ask(path).status for path in ("/", "/metrics", "/actuator/env", "/gatekey/", "/v3/x")}
    with_token = {path: stand.ask(path, stand.bearer()).status for path in statuses}

    assert dict.fromkeys(statuses, 401) == statuses
    assert dict.fromkeys(statuses, 404) == with_token


def test_the_gateway_says_that_it_lives_without_asking_for_a_token(stand: Stand) -> None:
    answer = stand.ask("/gatekey/health")

    assert 200 == answer.status


def test_a_refusal_to_grpc_is_a_grpc_answer(stand: Stand) -> None:
    with stand.channel() as channel, pytest.raises(grpc.RpcError) as refusal:
        channel.unary_unary(TOPOLOGY)(b"", timeout=10)

    trailing = dict(refusal.value.trailing_metadata())
    assert (refusal.value.code(), refusal.value.details()) == (grpc.StatusCode.UNAUTHENTICATED, MISSING)
    assert trailing["www-authenticate"] == "Bearer"


def test_a_cluster_that_is_down_is_unavailable_and_never_unauthorized(stand: Stand) -> None:
    clusters = stand.view.clusters
    nowhere = Address("127.0.0.1", free_port())
    stand.apply(clusters=(*clusters[:1], type(clusters[1])(B, "local", nowhere, nowhere)))

    answer = stand.ask(f"/{B}/v2/topology?x=1", stand.bearer(B))
    with pytest.raises(grpc.RpcError) as refusal:
        stand.call(TOPOLOGY, stand.bearer(B))
    stand.apply(clusters=clusters)

    assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
    assert (f"/{B}/v2/topology", "2") == (answer.document["instance"], answer.headers["retry-after"])
    assert f"Cluster {B} cannot be reached at the moment; try again in a few seconds." == answer.document["detail"]
    assert (grpc.StatusCode.UNAVAILABLE, answer.document["detail"]) == (refusal.value.code(), refusal.value.details())
