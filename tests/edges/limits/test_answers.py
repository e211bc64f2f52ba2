"""
What answers say of limits, at every endpoint that has one and over both ways of a token request.
"""

import itertools
from collections.abc import Iterator

import pytest

from gatekey.server.events.model import OAuthAnswered, Outcome, Verdict
from support.service import FORM, PROTOCOLS, Caller, Reply, Service, add_client, basic, served

PATHS = ["/oauth/token", "/oauth/introspect", "/oauth/revoke", "/leaks"]
ADDRESSES = (f"127.0.2.{number}" for number in itertools.count(1))
POLICY = '"address";q=5;w=5000'


@pytest.fixture(scope="module", params=PROTOCOLS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """
    At a thousandth of the usual rate nothing is refilled while a test runs.
    """
    data = tmp_path_factory.mktemp("answers") / "data"
    limits = {"limit_rate": 0.001, "limit_burst": 5, "limit_block_after": 4, "limit_block_window": 3600}
    with served(data, request.param, **limits) as running:
        yield running


@pytest.fixture
def caller(service: Service) -> Caller:
    return Caller(service.port, next(ADDRESSES))


def post(caller: Caller, path: str, accept: str | None = None) -> Reply:
    headers = {**FORM, "accept": accept} if accept else FORM
    return caller.call("POST", path, headers, b"client_id=unknown&client_secret=wrong&token=x")


def limits_of(reply: Reply) -> tuple[str | None, str | None]:
    return reply.headers.get("ratelimit-policy"), reply.headers.get("ratelimit")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_says_how_many_may_come(caller: Caller, path: str) -> None:
    replies = [post(caller, path) for _ in range(6)]

    assert [(POLICY, f'"address";r={left};t=1000') for left in (4, 3, 2, 1, 0)] == [limits_of(r) for r in replies[:5]]
    assert 429 == replies[5].status
    assert (POLICY, '"address";r=0;t=30') == limits_of(replies[5])


def test_a_token_and_refusals_of_all_kinds_say_it_too(service: Service, caller: Caller) -> None:
    created = add_client(service.installation, "answers")
    client = {"client_id": created.client.client_id, "client_secret": created.secret.reveal()}
    replies = [
        caller.ask_token(client),
        caller.ask_token({}),
        caller.ask_token({**client, "audience": "operate.camunda.io"}),
        caller.call("GET", "/oauth/token"),
        caller.call("POST", "/oauth/token", FORM, b"a" * 20_000),
    ]

    assert [200, 400, 403, 405, 413] == [reply.status for reply in replies]
    assert [POLICY] * 5 == [limits_of(reply)[0] for reply in replies]


@pytest.mark.parametrize("path", PATHS)
def test_a_refusal_is_an_oauth_error_and_problem_details_in_one(service: Service, caller: Caller, path: str) -> None:
    refused = [post(caller, path) for _ in range(6)][-1]
    document = refused.document

    assert "too_many_requests" == document["error"]
    assert (429, path, document["error_description"]) == tuple(
        document[name] for name in ("status", "instance", "detail")
    )
    assert document["type"].endswith("#quota-exceeded")
    assert ["address"] == document["violated-policies"]
    assert f"{service.url}/help/rate-limit" == document["help"]
    assert f'<{document["help"]}>; rel="help"' == refused.headers["link"]
    assert "30" == refused.headers["retry-after"]


def test_a_block_says_until_when(caller: Caller) -> None:
    blocked = [post(caller, "/oauth/token") for _ in range(10)][-1]

    assert blocked.document["type"].endswith("#abnormal-usage-detected")
    assert blocked.document["blocked_until"].endswith("Z")
    assert 1 <= int(blocked.headers["retry-after"]) <= 60
    assert f"t={blocked.headers['retry-after']}" in blocked.headers["ratelimit"]


@pytest.mark.parametrize("path", PATHS)
def test_problem_details_go_by_their_own_name_to_who_asks_for_them(caller: Caller, path: str) -> None:
    for _ in range(5):
        post(caller, path)
    plain, problem = post(caller, path, "*/*"), post(caller, path, "application/json, application/problem+json")

    assert ("application/json", "application/problem+json") == tuple(
        r.headers["content-type"] for r in (plain, problem)
    )
    assert {**plain.document} == problem.document


def test_the_page_that_refusals_link_to_is_served_to_everybody(caller: Caller) -> None:
    page = caller.call("GET", "/help/rate-limit")
    text = page.body.decode()

    assert (200, "text/html; charset=utf-8") == (page.status, page.headers["content-type"])
    assert "may ask 5 times at once and then once in 1000 seconds" in text
    assert "4 refused requests within 3600 seconds lead to a block of 60 seconds" in text


def told(service: Service, caller: Caller) -> list[OAuthAnswered]:
    return [one for one in service.events if isinstance(one, OAuthAnswered) and one.address == caller.address]


def test_refused_requests_count_toward_the_block_and_are_told(service: Service, caller: Caller) -> None:
    for _ in range(10):
        post(caller, "/oauth/token")
    events = told(service, caller)

    assert [Verdict.ADMITTED] * 5 + [Verdict.LIMITED] * 3 + [Verdict.BLOCKED] * 2 == [one.verdict for one in events]
    assert [Outcome.LIMITED] * 3 + [Outcome.BLOCKED] * 2 == [one.outcome for one in events[5:]]
    assert [0] * 8 + [60, 60] == [one.blocked_for for one in events]


def test_who_was_refused_is_known_by_header(service: Service, caller: Caller) -> None:
    for number in range(6):
        caller.ask_token({}, {"authorization": basic(f"client{number}", "x")})

    assert "client5" == told(service, caller)[5].client_id
