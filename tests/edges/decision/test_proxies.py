"""
Other proxies that ask for decisions, each real and set up by its example in deploy/: what passes, what is refused, how.
"""

from collections.abc import Iterator

import grpc
import pytest

from gatekey.server.gateway.policy import rules
from support.gateway import TOPOLOGY, B
from support.proxies import SETTINGS, Proxied, document, find_program, proxied

HEALTH = "/grpc.health.v1.Health/Check"


@pytest.fixture(scope="module", params=sorted(SETTINGS))
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    name = str(request.param)
    program = find_program(SETTINGS[name].program)
    if program is None:
        pytest.skip(f"{name} is not installed on this machine")
    with proxied(name, program, tmp_path_factory.mktemp(name)) as stand:
        yield stand


@pytest.fixture(scope="module")
def bearer(stand: Proxied) -> list[tuple[str, str]]:
    return stand.client("usual")[1]


def refusal(stand: Proxied, method: str, metadata: list[tuple[str, str]] | None = None) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as refused:
        stand.call(method, metadata)
    return refused.value.code(), refused.value.details()


def test_rest_passes_with_the_cluster_in_the_path_and_without(stand: Proxied, bearer: list[tuple[str, str]]) -> None:
    paths = ["/v2/topology", f"/{stand.cluster_id}/v2/topology?a=%2F..&b=%7E", "/v2/users/j%C3%BCrgen~1.x"]
    seen = [stand.ask(path, bearer).document["path"] for path in paths]

    assert ["/v2/topology", "/v2/topology?a=%2F..&b=%7E", "/v2/users/j%C3%BCrgen~1.x"] == seen


def test_slashes_that_came_twice_reach_nobody_as_two(stand: Proxied, bearer: list[tuple[str, str]]) -> None:
    seen = stand.ask(f"//{stand.cluster_id}//v2//topology", bearer).document

    assert "/v2/topology" == seen["path"]


def test_other_apis_pass_below_their_word(stand: Proxied, bearer: list[tuple[str, str]]) -> None:
    paths = [f"/operate/{stand.cluster_id}/v1/incidents/search?x=y", "/tasklist/v1/users/current"]
    seen = [stand.ask(path, bearer).document["path"] for path in paths]

    assert ["/v1/incidents/search?x=y", "/v1/users/current"] == seen


def test_a_body_passes(stand: Proxied, bearer: list[tuple[str, str]]) -> None:
    seen = stand.ask("/v2/jobs/activation", [*bearer, ("content-type", "application/json")], body=b"x" * 200_000)

    assert 200_000 == seen.document["length"]


def test_grpc_passes(stand: Proxied, bearer: list[tuple[str, str]]) -> None:
    assert b"grpc:ping" == stand.call(TOPOLOGY, bearer)


def test_a_grpc_stream_is_not_held_back(stand: Proxied, bearer: list[tuple[str, str]]) -> None:
    with stand.channel() as channel:
        stream = channel.unary_stream("/gateway_protocol.Gateway/ActivateJobs")(b"job", metadata=bearer, timeout=60)
        received = []
        for _ in range(3):
            stand.calls.step.release()
            received.append(next(stream))
        stream.cancel()

    assert [b"job:1", b"job:2", b"job:3"] == received


def test_upstreams_hear_who_calls_and_neither_the_token_nor_the_gateway_key(stand: Proxied) -> None:
    client_id, bearer = stand.client("named")
    forged = [("x-gatekey-cluster", B), ("x-gatekey-client", "forged"), ("X_Gatekey_Client", "forged")]
    headers = stand.ask("/v2/topology", [*forged, *bearer, *forged]).document["headers"]
    stand.call(TOPOLOGY, [*bearer, ("x-gatekey-cluster", B)])
    metadata = [pair for pair in stand.calls.metadata if "gatekey" in pair[0] or pair[0] == "authorization"]

    assert (stand.cluster_id, client_id) == (headers["x-gatekey-cluster"], headers["x-gatekey-client"])
    assert "forged" not in str(headers)
    assert not {"authorization", "x-gatekey-gateway-key"} & headers.keys()
    assert {("x-gatekey-client", client_id), ("x-gatekey-cluster", stand.cluster_id)} <= set(metadata)
    assert not [pair for pair in metadata if B in pair or pair[0] in {"authorization", "x-gatekey-gateway-key"}]


def test_without_a_token_a_rest_caller_reads_a_problem(stand: Proxied) -> None:
    answer = stand.ask("/v2/topology?secret=1")
    problem = document(answer)

    assert (401, "Bearer") == (answer.status, answer.headers["www-authenticate"])
    assert (401, rules.NO_TOKEN, "/v2/topology") == (problem["status"], problem["detail"], problem["instance"])


def test_a_token_that_is_none_of_ours_is_401(stand: Proxied, bearer: list[tuple[str, str]]) -> None:
    forged = bearer[0][1].rpartition(".")[0] + ".c2lnbmF0dXJl"
    answers = [
        stand.ask("/v2/topology", [("authorization", forged)]),
        stand.ask("/v2/topology", [("authorization", "Basic eDp5")]),
    ]

    assert [401, 401] == [answer.status for answer in answers]
    assert 'Bearer error="invalid_token"' == answers[0].headers["www-authenticate"]


def test_two_tokens_are_none(stand: Proxied, bearer: list[tuple[str, str]]) -> None:
    answer = stand.ask("/v2/topology", [*bearer, *bearer])

    assert answer.status in {400, 401}


def test_a_path_that_is_not_guarded_is_404(stand: Proxied, bearer: list[tuple[str, str]]) -> None:
    answer = stand.ask("/actuator/env", bearer)

    assert (404, rules.NOTHING_HERE) == (answer.status, document(answer)["detail"])


@pytest.mark.parametrize(
    "path",
    [
        "/v2/../actuator/env",
        "/v2/%2e%2e/actuator/env",
        "/v2/..%2factuator/env",
        "/v2/..;/actuator/env",
        "/v2\\..\\actuator/env",
        "/v2/x%00",
        "/v2/x%0d%0ax-gatekey-cluster:%20x",
        "/v2/topology#/../../actuator/env",
        f"/{B}/v2/topology",
        f"/v2/..//{B}/v2/topology",
    ],
)
def test_a_path_with_two_readings_never_arrives(stand: Proxied, bearer: list[tuple[str, str]], path: str) -> None:
    answer = stand.ask(path, bearer)

    assert answer.status in {400, 403, 404}, answer


@pytest.mark.parametrize(
    "name", ["x-original-uri", "x-original-url", "x-forwarded-uri", "x-envoy-original-path", "x-forwarded-prefix"]
)
def test_nobody_is_judged_by_another_path_than_the_one_it_calls(
    stand: Proxied, bearer: list[tuple[str, str]], name: str
) -> None:
    answers = [
        stand.ask("/actuator/env", [(name, "/v2/topology"), *bearer]),
        stand.ask(f"/{B}/v2/topology", [(name, "/v2/topology"), *bearer, (name, "/v2/topology")]),
    ]

    assert [404, 403] == [answer.status for answer in answers]


def test_grpc_callers_read_a_status(stand: Proxied, bearer: list[tuple[str, str]]) -> None:
    forged = [("authorization", bearer[0][1] + "x")]
    nowhere = refusal(stand, "/gateway_protocol.Other/Topology", bearer)

    assert (grpc.StatusCode.UNAUTHENTICATED, rules.NO_TOKEN) == refusal(stand, TOPOLOGY)
    assert (grpc.StatusCode.UNAUTHENTICATED, "The access token is not valid.") == refusal(stand, TOPOLOGY, forged)
    assert (grpc.StatusCode.UNIMPLEMENTED, rules.NOTHING_HERE) == nowhere


def test_a_token_for_another_api_is_a_lack_of_permission(stand: Proxied) -> None:
    created = stand.product.create_client("operator", scopes="Zeebe,Operate")
    token = stand.product.ask_token(created["clientId"], created["clientSecret"], "operate.camunda.io")[1]
    bearer = [("authorization", f"Bearer {token['access_token']}")]
    answer = stand.ask("/v2/topology", bearer)

    assert (403, rules.OTHER_API) == (answer.status, document(answer)["detail"])
    assert (grpc.StatusCode.PERMISSION_DENIED, rules.OTHER_API) == refusal(stand, TOPOLOGY, bearer)


def test_a_token_of_another_cluster_opens_nothing(stand: Proxied) -> None:
    name = f"other-{stand.name}"
    stand.product.cli("clusters", "create", name, "--grpc", "localhost:1", "--rest", "http://localhost:1")
    created = stand.product.create_client("stranger", cluster=name)
    token = stand.product.ask_token(created["clientId"], created["clientSecret"])[1]["access_token"]
    answer = stand.ask("/v2/topology", [("authorization", f"Bearer {token}")])

    assert answer.status in {403, 503}, answer


def test_a_deleted_client_is_refused_at_its_next_call(stand: Proxied) -> None:
    client_id, bearer = stand.client("short-lived")
    before = stand.ask("/v2/topology", bearer).status
    stand.product.cli("clients", "delete", client_id, "--yes")
    after = stand.ask("/v2/topology", bearer)

    assert (200, 401) == (before, after.status)
    assert grpc.StatusCode.UNAUTHENTICATED == refusal(stand, TOPOLOGY, bearer)[0]


def test_while_the_service_is_down_nobody_is_blamed_and_nobody_passes(
    stand: Proxied, bearer: list[tuple[str, str]]
) -> None:
    stand.product.stop()
    try:
        answer = stand.ask("/v2/topology", bearer)
        code, _ = refusal(stand, TOPOLOGY, bearer)
    finally:
        stand.product.start()

    assert SETTINGS[stand.name].outage == (answer.status, code)
    assert 200 == stand.ask("/v2/topology", bearer).status


def test_a_cluster_that_is_down_is_unavailable(stand: Proxied, bearer: list[tuple[str, str]]) -> None:
    # The last test: nothing starts this upstream again.
    stand.calls.__exit__()

    assert grpc.StatusCode.UNAVAILABLE == refusal(stand, TOPOLOGY, bearer)[0]
