import json

import pytest

from gatekey.server.api.decision_forms import LOST_SCOPE, Form, Reply, form_of, let_pass, read_question, refuse
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.model import Allowed, Api, Denied, Kind, RequestHead

CLUSTER = "aaaaaaaa-0000-4000-8000-00000000000a"
REST = RequestHead("gateway.example.org", "/v2/topology?secret=1", "application/json")
GRPC = RequestHead("gateway.example.org", "/gateway_protocol.Gateway/Topology", "application/grpc")
SILENT = Denied(Kind.UNAUTHENTICATED, rules.NO_TOKEN, "no token")
NOWHERE = Denied(Kind.NOT_FOUND, rules.NOTHING_HERE, "nothing")


def scope(path: str = "/gateway/decision", query: str = "", *headers: tuple[str, str]) -> dict[str, object]:
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return {"raw_path": path.encode(), "query_string": query.encode(), "headers": pairs}


def header(reply: Reply, name: str) -> str | None:
    found = [value.decode() for key, value in reply.headers if key.decode() == name]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (b"/gateway/decision", Form.ORIGINAL),
        (b"/gateway/decision/nginx", Form.NGINX),
        (b"/gateway/decision/forwarded", Form.FORWARDED),
        (b"/gateway/decision/path/", Form.PREFIXED),
        (b"/gateway/decision/path/v2/topology", Form.PREFIXED),
        (b"/gateway/decision/path//v2", Form.PREFIXED),
        (b"/gateway/decision/", None),
        (b"/gateway/decision/path", None),
        (b"/gateway/decision/pathology/v2", None),
        (b"/gateway%2fdecision", None),
        (b"/secrets", None),
    ],
)
def test_each_way_to_ask_has_its_path(path: bytes, form: Form | None) -> None:
    assert form == form_of(path)


@pytest.mark.parametrize("form", [Form.ORIGINAL, Form.NGINX, Form.FORWARDED])
def test_the_call_is_read_from_one_pair_of_headers_and_no_other(form: Form) -> None:
    original = [("x-original-uri", "/original?a=b"), ("x-original-host", "original.test")]
    forwarded = [("x-forwarded-uri", "/forwarded?a=b"), ("x-forwarded-host", "forwarded.test")]
    mine, others = (forwarded, original) if form is Form.FORWARDED else (original, forwarded)
    question = read_question(form, scope(form.value.decode(), "", *others, *mine, ("host", "service.test")))
    unclear = read_question(form, scope(form.value.decode(), "", *others, ("host", "service.test")))

    assert question.clear
    assert (mine[1][1], mine[0][1]) == (question.call.authority, question.call.path)
    assert not unclear.clear


def test_a_call_that_is_named_twice_is_not_clear() -> None:
    uri, host = ("x-original-uri", "/v2/topology"), ("x-original-host", "a.test")
    doubled = [(uri, uri, host), (uri, host, host), (uri,), (host,), (("x-original-uri", ""), host)]

    assert not [headers for headers in doubled if read_question(Form.ORIGINAL, scope("", "", *headers)).clear]


def test_behind_a_prefix_path_query_and_host_are_the_calls_own() -> None:
    asked = scope("/gateway/decision/path/v2/topology", "cluster=x", ("host", "a.test"), ("x-original-uri", "/other"))
    question = read_question(Form.PREFIXED, {**asked, "method": "PUT"})

    assert ("a.test", "/v2/topology?cluster=x") == (question.call.authority, question.call.path)
    assert "PUT" == question.call.method
    assert (question.cluster_id, question.clear) == (None, True)


@pytest.mark.parametrize(
    ("query", "cluster_id", "clear"),
    [
        ("", None, True),
        (f"cluster={CLUSTER}", CLUSTER, True),
        ("cluster=", None, False),
        ("cluster=local", None, False),
        (f"cluster={CLUSTER}&cluster={CLUSTER}", None, False),
        ("a=b", None, False),
    ],
)
def test_a_proxy_may_name_the_cluster_it_leads_to(query: str, cluster_id: str | None, clear: bool) -> None:  # noqa: FBT001 - a table's column
    headers = [("x-original-uri", "/v2/topology"), ("x-original-host", "a.test")]
    question = read_question(Form.ORIGINAL, scope("", query, *headers))

    assert (cluster_id, clear) == (question.cluster_id, question.clear)


def test_a_passing_call_goes_to_the_path_that_was_decided_about() -> None:
    reply = let_pass(Allowed(CLUSTER, Api.OPERATE, "/v1/j\xfcrgen?a=b"), "client")
    names = ("cluster", "api", "client")

    assert [200, CLUSTER, "operate", "client"] == [
        reply.status,
        *(header(reply, f"x-gatekey-{name}") for name in names),
    ]
    assert b"/v1/j\xfcrgen?a=b" == dict(reply.headers)[b"x-gatekey-path"]


def test_an_open_call_has_no_client() -> None:
    assert header(let_pass(Allowed(CLUSTER, Api.GRPC, GRPC.path), None), "x-gatekey-client") is None


@pytest.mark.parametrize("form", Form)
def test_a_rest_caller_reads_a_problem_without_the_query(form: Form) -> None:
    reply = refuse(form, REST, SILENT)
    problem = json.loads(reply.body)

    assert (401, "application/problem+json", "Bearer") == (
        reply.status,
        header(reply, "content-type"),
        header(reply, "www-authenticate"),
    )
    assert (401, rules.NO_TOKEN, "/v2/topology") == (problem["status"], problem["detail"], problem["instance"])


@pytest.mark.parametrize("form", [Form.ORIGINAL, Form.NGINX, Form.FORWARDED])
def test_a_grpc_caller_reads_a_status_in_an_answer_without_body(form: Form) -> None:
    reply = refuse(form, GRPC, Denied(Kind.UNAUTHENTICATED, "100 % wrong: ü", "wrong"))

    assert (401, b"") == (reply.status, reply.body)
    assert ("16", "100 %25 wrong: %C3%BC") == (header(reply, "grpc-status"), header(reply, "grpc-message"))


def test_envoy_makes_the_grpc_message_of_the_body() -> None:
    reply = refuse(Form.PREFIXED, GRPC, NOWHERE)

    assert (404, rules.NOTHING_HERE.encode()) == (reply.status, reply.body)


def test_nginx_hears_403_where_it_would_take_404_for_a_fault_of_ours() -> None:
    nginx, other = refuse(Form.NGINX, REST, NOWHERE), refuse(Form.ORIGINAL, REST, NOWHERE)

    assert (403, "404") == (nginx.status, header(nginx, "x-gatekey-status"))
    assert nginx.body.decode() == header(nginx, "x-gatekey-problem")
    assert (404, "404") == (other.status, header(other, "x-gatekey-status"))


def test_a_long_path_does_not_make_a_long_answer() -> None:
    reply = refuse(Form.NGINX, RequestHead("a.test", "/v2/" + "ü" * 30_000), NOWHERE)

    assert len(header(reply, "x-gatekey-problem") or "") < 4096


@pytest.mark.parametrize(
    ("denied", "challenge"),
    [
        (SILENT, "Bearer"),
        (Denied(Kind.UNAUTHENTICATED, "The access token has expired.", ""), 'Bearer error="invalid_token"'),
        (Denied(Kind.FORBIDDEN, rules.OTHER_API, ""), 'Bearer error="insufficient_scope"'),
        (Denied(Kind.FORBIDDEN, "No scope.", LOST_SCOPE), 'Bearer error="insufficient_scope"'),
        (Denied(Kind.FORBIDDEN, rules.OTHER_CLUSTER, ""), None),
        (NOWHERE, None),
        (Denied(Kind.UNAVAILABLE, "LazyApp.", ""), None),
    ],
)
def test_the_challenge_says_whether_another_token_would_help(denied: Denied, challenge: str | None) -> None:
    assert challenge == header(refuse(Form.ORIGINAL, REST, denied), "www-authenticate")


def test_our_own_trouble_says_when_to_come_back() -> None:
    reply = refuse(Form.ORIGINAL, REST, Denied(Kind.UNAVAILABLE, "LazyApp.", ""))

    assert (503, "2") == (reply.status, header(reply, "retry-after"))
