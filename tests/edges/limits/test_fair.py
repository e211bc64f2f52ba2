"""
Fair mode: who fails spends its own budget, and nobody can lock a client out by its id. Over both ways of a request.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from gatekey.oauth.client_authentication import ASSERTION_TYPE
from gatekey.server.clients.model import Created
from gatekey.server.events.model import OAuthAnswered, Outcome, Verdict
from gatekey.server.limits.rules import Rule, Subject
from support.credentials import a_key, good_claims, jwk_of, sign_assertion
from support.service import FORM, PROTOCOLS, Caller, Reply, Service, add_client, served

BURST, BLOCK_AFTER = 3, 4
ADDRESSES = (f"127.0.4.{number}" for number in count(1))
NAMES = (f"client-{number}" for number in count(1))


@pytest.fixture(scope="module", params=PROTOCOLS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("fair") / "data"
    slow = {"limit_rate": 0.001, "limit_fair_rate": 0.001, "limit_block_window": 3600}
    sizes = {"limit_burst": BURST, "limit_block_after": BLOCK_AFTER, "limit_fair_burst": 40}
    fair = {"limit_mode": "fair", "limit_allow": "127.0.5.0/24", "storm_shield": 0}
    with served(data, request.param, **fair, **slow, **sizes) as running:
        yield running


@pytest.fixture(scope="module", params=PROTOCOLS)
def shielded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("shielded") / "data"
    with served(data, request.param, limit_mode="fair", limit_rate=0.001, limit_burst=BURST) as running:
        yield running


@dataclass(frozen=True)
class Program:
    """
    A client at an address.
    """

    caller: Caller
    created: Created

    def ask(self, *, audience: str = "zeebe.camunda.io", path: str = "/oauth/token") -> Reply:
        return self._send(self.created.secret.reveal(), audience, path)

    def fail(self, *, path: str = "/oauth/token") -> Reply:
        return self._send("wrong", "zeebe.camunda.io", path)

    def _send(self, secret: str, audience: str, path: str) -> Reply:
        client_id = self.created.client.client_id
        body = f"client_id={client_id}&client_secret={secret}&audience={audience}&token=x"
        return self.caller.call("POST", path, FORM, body.encode())


@pytest.fixture
def caller(service: Service) -> Caller:
    return Caller(service.port, next(ADDRESSES))


@pytest.fixture
def program(service: Service, caller: Caller) -> Program:
    return Program(caller, add_client(service.installation, next(NAMES)))


@pytest.fixture
def neighbour(service: Service, caller: Caller) -> Program:
    return Program(caller, add_client(service.installation, next(NAMES)))


def invent(caller: Caller, number: int = 0) -> Reply:
    return caller.ask_token({"client_id": f"invented{number}", "client_secret": "wrong"})


def told(service: Service, caller: Caller) -> list[OAuthAnswered]:
    return [one for one in service.events if isinstance(one, OAuthAnswered) and one.address == caller.address]


def test_a_failing_client_spends_its_own_budget_and_its_neighbour_goes_on(program: Program, neighbour: Program) -> None:
    failing = [program.fail().status for _ in range(BURST + BLOCK_AFTER + 2)]

    assert [401] * BURST + [429] * (BLOCK_AFTER + 2) == failing
    assert [200] * BURST == [neighbour.ask().status for _ in range(BURST)]


def test_the_right_secret_works_however_often_a_stranger_failed_with_the_id(program: Program) -> None:
    failed = [program.fail() for _ in range(BURST + BLOCK_AFTER)]

    assert ["unproved"] == failed[-1].document["violated-policies"]
    assert failed[-1].document["type"].endswith("#abnormal-usage-detected")
    assert [200] * BURST == [program.ask().status for _ in range(BURST)]


def test_a_client_over_its_own_budget_is_limited_and_then_blocked(program: Program, neighbour: Program) -> None:
    replies = [program.ask() for _ in range(BURST + BLOCK_AFTER)]

    assert [200] * BURST + [429] * BLOCK_AFTER == [reply.status for reply in replies]
    assert "blocked_until" in replies[-1].document
    assert ["client"] == replies[-1].document["violated-policies"]
    assert [200, 401] == [neighbour.ask().status, program.fail().status]


def test_invented_ids_share_one_budget_with_all_that_names_nobody(caller: Caller) -> None:
    statuses = [invent(caller, 1).status, caller.ask_token({}).status, caller.call("GET", "/oauth/token").status]

    assert [401, 400, 405] == statuses
    assert {429} == {invent(caller, number).status for number in range(2, 6)}
    assert 429 == caller.call("PUT", "/oauth/token").status


def test_a_token_refused_for_its_audience_spends_what_the_client_proved(program: Program) -> None:
    replies = [program.ask(audience="operate.camunda.io") for _ in range(BURST + 1)]

    assert [403] * BURST + [429] == [reply.status for reply in replies]
    assert 401 == program.fail().status


def test_all_endpoints_of_a_client_share_its_budget(program: Program) -> None:
    statuses = [program.ask(path=path).status for path in ("/oauth/introspect", "/oauth/revoke", "/oauth/token")]

    assert [200, 200, 200] == statuses
    assert [429] * 3 == [
        program.ask(path=path).status for path in ("/oauth/introspect", "/oauth/revoke", "/oauth/token")
    ]
    assert 401 == program.fail(path="/oauth/introspect").status


def test_leak_reports_prove_nothing_and_are_limited_before_they_are_looked_at(caller: Caller, program: Program) -> None:
    reports = [caller.call("POST", "/leaks", FORM, b"secret=x").status for _ in range(BURST + 1)]
    secret = program.created.secret.reveal().encode()
    late = caller.call("POST", "/leaks", FORM, b"secret=" + secret)

    assert [202] * BURST + [429] == reports
    assert (429, 200) == (late.status, program.ask().status)


def test_answers_tell_of_the_narrow_budget_and_of_the_address(program: Program) -> None:
    granted, failed = program.ask(), program.fail()

    assert '"client";q=3;w=3000, "address";q=40;w=40000' == granted.headers["ratelimit-policy"]
    assert '"client";r=2;t=1000, "address";r=39;t=1000' == granted.headers["ratelimit"]
    assert '"unproved";r=2;t=1000, "address";r=38;t=1000' == failed.headers["ratelimit"]


def test_an_address_has_a_cap_that_never_blocks(program: Program, caller: Caller) -> None:
    first = [invent(caller).status for _ in range(40)]
    beyond = [program.ask() for _ in range(BLOCK_AFTER * 3)]

    assert 401 == first[0]
    assert {429} == {reply.status for reply in beyond}
    assert [["address"]] * len(beyond) == [reply.document["violated-policies"] for reply in beyond]
    assert not [reply for reply in beyond if "blocked_until" in reply.document]


def test_an_allowed_network_is_not_limited_and_still_told(service: Service) -> None:
    allowed = Program(Caller(service.port, "127.0.5.1"), add_client(service.installation, next(NAMES)))
    asks: list[Callable[[], Reply]] = [allowed.ask, allowed.fail, lambda: invent(allowed.caller)]
    replies = [ask() for ask in asks for _ in range(20)]

    assert [200] * 20 + [401] * 40 == [reply.status for reply in replies]
    assert not [reply for reply in replies if "ratelimit" in reply.headers]
    assert 60 == len(told(service, allowed.caller))


def test_what_is_told_says_why_it_failed_and_how_it_was_limited(service: Service, program: Program) -> None:
    for _ in range(BURST + 1):
        program.fail()
    first, last = (told(service, program.caller)[number] for number in (0, -1))

    assert (Verdict.ADMITTED, "no secret of ours") == (first.verdict, first.reason)
    assert (Verdict.LIMITED, Outcome.LIMITED) == (last.verdict, last.outcome)
    assert ("over the rate: no secret of ours", program.created.client.client_id) == (last.reason, last.client_id)


def test_a_clients_rule_holds_for_who_proves_to_be_it(service: Service, program: Program) -> None:
    service.limits.follow([Rule(Subject.CLIENT, program.created.client.client_id, rate=0.001, burst=5)])
    try:
        assert [200] * 5 + [429] == [program.ask().status for _ in range(6)]
        assert [401] * BURST + [429] == [program.fail().status for _ in range(BURST + 1)]
    finally:
        service.limits.follow([])


def test_an_assertion_is_spent_by_the_proof_and_a_repeated_one_spends_nothing_of_its_owner(
    service: Service, program: Program
) -> None:
    client_id, key = program.created.client.client_id, a_key("ES256")
    service.installation.client_keys.register(client_id, json.dumps({**jwk_of(key), "kid": "k"}), by="test")

    def ask(assertion: str) -> int:
        fields = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
        return program.caller.ask_token(fields).status

    def fresh() -> str:
        return sign_assertion(key, "ES256", good_claims(client_id, service.url, time.time()), kid="k")

    used = fresh()
    assert [200, 401, 401] == [ask(used) for _ in range(3)]
    assert [200] * (BURST - 1) + [429] == [ask(fresh()) for _ in range(BURST)]
    assert [401, 429] == [ask(used) for _ in range(2)]


def test_an_unblocked_address_is_unblocked_with_all_its_clients(service: Service, program: Program) -> None:
    for _ in range(BURST + BLOCK_AFTER):
        program.ask()
        program.fail()
    service.limits.forget(program.caller.address)

    assert (200, 401) == (program.ask().status, program.fail().status)


def test_copies_of_one_program_that_get_one_token_spend_one_request(shielded: Service) -> None:
    program = Program(Caller(shielded.port, next(ADDRESSES)), add_client(shielded.installation, next(NAMES)))
    equal = [program.ask() for _ in range(10 * BURST)]
    others = [program.ask(audience="operate.camunda.io").status for _ in range(BURST)]

    assert {200} == {reply.status for reply in equal}
    assert len({reply.document["access_token"] for reply in equal}) <= 2  # a window may end in between
    assert ['"client";r=2;t=1000, "address"', '"address"'] == [
        re.sub(r"(?<=\"address\").*", "", reply.headers["ratelimit"]) for reply in equal[:2]
    ]
    assert 429 == others[-1]
