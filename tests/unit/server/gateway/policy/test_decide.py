"""
The table in tests/edges/gateway/test_rules.py asks the function and the running gateway; here are the laws behind it.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.decide import decide
from gatekey.server.gateway.policy.model import (
    Address,
    Allowed,
    Api,
    Claims,
    Denied,
    GatewayView,
    GuardedCluster,
    Kind,
    RequestHead,
)
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject

A = "aaaaaaaa-0000-4000-8000-00000000000a"
B = "bbbbbbbb-0000-4000-8000-00000000000b"
AUDIENCE = "zeebe.camunda.io"
UPSTREAM = Address("localhost", 1)
VIEW = GatewayView(
    Address("localhost", 26600),
    "http://issuer",
    "{}",
    "camunda.io",
    hosts=True,
    clusters=(GuardedCluster(A, "local", UPSTREAM, UPSTREAM), GuardedCluster(B, "local", UPSTREAM, UPSTREAM)),
)
GRPC = "application/grpc"
HEALTH = "/grpc.health.v1.Health/Check"

pieces = st.sampled_from(
    ["/", "//", "v1", "v2", A, B, "..", ".", ";", "%2e", "?", "x", "gateway_protocol.Gateway/", HEALTH]
)
paths = st.lists(pieces, max_size=8).map(lambda parts: "/" + "".join(parts))
authorities = st.sampled_from(
    ["localhost", f"{A}.local.{AUDIENCE}", f"{B}.local.{AUDIENCE}:443", f"local.{AUDIENCE}", f"x.{AUDIENCE}", "a,b"]
)
heads = st.builds(RequestHead, authorities, paths, st.sampled_from([GRPC, "application/json", ""]))


@given(heads, st.sampled_from([A, B, "unknown", None]))
def test_a_token_opens_only_its_own_cluster(head: RequestHead, cluster_id: str | None) -> None:
    outcome = decide(VIEW, head, Claims((AUDIENCE,), cluster_id))

    assert isinstance(outcome, Denied) or outcome.cluster_id == cluster_id


@given(heads)
def test_a_host_or_path_of_another_cluster_is_never_opened(head: RequestHead) -> None:
    if isinstance(decide(VIEW, head, Claims((AUDIENCE,), A)), Allowed):
        assert B not in head.authority
        assert not head.path.lstrip("/").startswith(B)


@given(heads)
def test_without_a_token_only_health_is_open(head: RequestHead) -> None:
    if isinstance(decide(VIEW, head, None), Allowed):
        assert head.grpc
        assert "/grpc.health.v1.Health/" in head.path


@given(heads, st.sampled_from([(), ("operate.camunda.io",), ("camunda.io", "zeebe")]))
def test_a_token_for_another_audience_opens_nothing(head: RequestHead, audiences: tuple[str, ...]) -> None:
    outcome = decide(VIEW, head, Claims(audiences, A))

    assert isinstance(outcome, Denied)
    assert (Kind.FORBIDDEN, rules.OTHER_API) == (outcome.kind, outcome.public)


@given(heads, st.sampled_from([None, Claims((AUDIENCE,), A)]))
def test_a_permission_problem_is_never_called_unauthenticated(head: RequestHead, claims: Claims | None) -> None:
    outcome = decide(VIEW, head, claims)

    if claims and isinstance(outcome, Denied):
        assert outcome.kind is not Kind.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("path", "content_type", "token", "expected"),
    [
        ("/v2/topology?a=/b", "", A, Allowed(A, Api.REST, "/v2/topology?a=/b")),
        (f"/{A}//v1/topology", "", A, Allowed(A, Api.REST, "/v1/topology")),
        (f"/operate/{A}/v1/incidents/search", "", A, Allowed(A, Api.OPERATE, "/v1/incidents/search")),
        ("/gateway_protocol.Gateway/Topology", GRPC, A, Allowed(A, Api.GRPC, "/gateway_protocol.Gateway/Topology")),
        (HEALTH, GRPC, A, Allowed(A, Api.GRPC, HEALTH)),
        ("/gateway_protocol.Gateway/Topology", "application/json", A, rules.NOTHING_HERE),
        (f"/{B}/v2/topology", "", A, rules.OTHER_CLUSTER),
        ("/v2/../x", "", A, rules.AMBIGUOUS),
        ("/v2", "", "unknown", rules.UNKNOWN_CLUSTER),
        ("/v2", "", None, rules.NO_TOKEN),
        (HEALTH, GRPC, None, rules.NO_TOKEN),
        ("/grpc.health.v1.Health/../x", GRPC, None, rules.AMBIGUOUS),
    ],
)
def test_a_call_is_allowed_or_told_why_not(
    path: str, content_type: str, token: str | None, expected: Allowed | str
) -> None:
    claims = None if token is None else Claims((AUDIENCE,), token)

    outcome = decide(VIEW, RequestHead("localhost", path, content_type), claims)

    assert expected == (outcome.public if isinstance(outcome, Denied) else outcome)


def test_health_is_that_of_the_cluster_whose_host_it_is_or_of_the_only_one() -> None:
    head = RequestHead(f"{B}.local.{AUDIENCE}", HEALTH, GRPC)

    assert Allowed(B, Api.GRPC, HEALTH) == decide(VIEW, head, None)
    alone = replace(VIEW, clusters=VIEW.clusters[:1])
    assert Allowed(A, Api.GRPC, HEALTH) == decide(alone, replace(head, authority="localhost"), None)


@pytest.mark.parametrize(
    ("path", "content_type", "expected"),
    [("/v2/topology", "", rules.NO_REST), ("/gateway_protocol.Gateway/Topology", GRPC, rules.NO_GRPC)],
)
def test_an_api_that_a_cluster_does_not_have_is_not_found(path: str, content_type: str, expected: str) -> None:
    view = replace(VIEW, clusters=(GuardedCluster(A, "local"),))

    outcome = decide(view, RequestHead("localhost", path, content_type), Claims((AUDIENCE,), A))

    assert isinstance(outcome, Denied)
    assert (Kind.NOT_FOUND, expected) == (outcome.kind, outcome.public)
    assert A in outcome.reason


REVOCATIONS = {
    Subject(Named.TOKEN, "token"): FOREVER,
    Subject(Named.CREDENTIAL, "secret"): 100,
    Subject(Named.CLIENT, "client"): 100,
    Subject(Named.CLIENT, "less", AUDIENCE): 100,
}


@pytest.mark.parametrize(
    "claims",
    [
        Claims((AUDIENCE,), A, token_id="token", issued_at=200),
        Claims((AUDIENCE,), A, credential_id="secret", issued_at=99),
        Claims((AUDIENCE,), A, client_id="client"),
        Claims((AUDIENCE,), A, client_id="less", issued_at=99),
    ],
)
def test_what_was_issued_before_its_revocation_is_unauthenticated(claims: Claims) -> None:
    outcome = decide(replace(VIEW, revocations=REVOCATIONS), RequestHead("localhost", "/v2/topology", ""), claims)

    assert isinstance(outcome, Denied)
    assert (Kind.UNAUTHENTICATED, rules.REVOKED) == (outcome.kind, outcome.public)


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("/v2/topology", Claims((AUDIENCE,), A, credential_id="secret", issued_at=100)),
        ("/operate/v1/incidents/search", Claims(("operate.camunda.io",), A, client_id="less", issued_at=99)),
    ],
)
def test_what_was_issued_later_or_for_another_audience_goes_on(path: str, claims: Claims) -> None:
    outcome = decide(replace(VIEW, revocations=REVOCATIONS), RequestHead("localhost", path, ""), claims)

    assert isinstance(outcome, Allowed)


@pytest.mark.parametrize(
    ("authority", "path", "method", "expected"),
    [
        (f"x.{AUDIENCE}", "/v2/topology", "GET", rules.OTHER_CLUSTER),
        (f"{B}.local.{AUDIENCE}", "/v2/topology", "GET", rules.OTHER_CLUSTER),
        ("localhost", "/nothing", "GET", rules.NOTHING_HERE),
        ("localhost", "/v2/topology", "TRACE", rules.NO_TRACE),
        ("localhost", "/operate/v1/nothing", "GET", rules.NOTHING_HERE),
    ],
)
def test_a_token_opens_nothing_at_a_place_that_is_not_its_own(
    authority: str, path: str, method: str, expected: str
) -> None:
    outcome = decide(VIEW, RequestHead(authority, path, "", method), Claims((AUDIENCE,), A))

    assert isinstance(outcome, Denied)
    assert expected == outcome.public


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/optimize/{A}/api/readyz", Allowed(A, Api.OPTIMIZE, "/api/readyz")),
        ("/optimize/api/readyz", rules.NO_TOKEN),
        (f"/optimize/{A}/api/readyz?a=b", rules.NO_TOKEN),
    ],
)
def test_optimize_says_without_a_token_whether_it_is_ready(path: str, expected: Allowed | str) -> None:
    outcome = decide(VIEW, RequestHead("localhost", path, ""), None)

    assert expected == (outcome.public if isinstance(outcome, Denied) else outcome)


def test_zeebes_audience_opens_operate_only_where_zeebes_upstream_serves_it() -> None:
    apart = replace(VIEW.clusters[0], operate=Address("localhost", 2))
    head, claims = RequestHead("localhost", "/operate/v1/incidents/search", ""), Claims((AUDIENCE,), A)
    outcome = decide(replace(VIEW, clusters=(apart, VIEW.clusters[1])), head, claims)

    assert Allowed(A, Api.OPERATE, "/v1/incidents/search") == decide(VIEW, head, claims)
    assert isinstance(outcome, Denied)
    assert (Kind.FORBIDDEN, rules.OTHER_API) == (outcome.kind, outcome.public)


def test_a_host_may_name_the_api() -> None:
    head = RequestHead("local.operate.camunda.io", "/v1/incidents/search", "")

    assert Allowed(A, Api.OPERATE, "/v1/incidents/search") == decide(VIEW, head, Claims(("operate.camunda.io",), A))


def test_there_is_no_health_at_the_host_of_another_api() -> None:
    outcome = decide(VIEW, RequestHead("local.operate.camunda.io", HEALTH, GRPC), None)

    assert isinstance(outcome, Denied)
    assert rules.NOTHING_HERE == outcome.public
