"""
The limit in front of the token endpoint, per source address. Every test calls from an address of its own.
"""

import itertools
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.service import FORM, JSON, PATIENCE, PROTOCOLS, Caller, Reply, Service, add_client, basic, served

BURST = 10
BLOCK_AFTER = 30


@pytest.fixture(scope="module", params=PROTOCOLS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """
    At a thousandth of the usual rate nothing is refilled while a test runs, however slow the machine is.
    """
    data = tmp_path_factory.mktemp("limits") / "data"
    with served(data, request.param, limit_rate=0.001, limit_burst=BURST, limit_block_window=3600) as running:
        yield running


ADDRESSES = (f"127.0.1.{number}" for number in itertools.count(1))


@pytest.fixture
def caller(service: Service) -> Caller:
    return Caller(service.port, next(ADDRESSES))


def ask(caller: Caller) -> Reply:
    return caller.ask_token({"client_id": "unknown", "client_secret": "wrong"})


def test_after_the_burst_an_address_is_told_to_wait_in_whole_seconds(caller: Caller) -> None:
    replies = [ask(caller) for _ in range(BURST + 1)]
    last = replies[-1]

    assert [401] * BURST + [429] == [reply.status for reply in replies]
    assert last.document["error"] == "too_many_requests"
    assert last.headers["retry-after"].isdecimal()
    assert 1 <= int(last.headers["retry-after"]) <= 30
    assert (last.headers["content-type"], last.headers["cache-control"]) == ("application/json", "no-store")


def test_requests_that_make_no_sense_count_like_all_others(caller: Caller) -> None:
    replies = [
        caller.call("GET", "/oauth/token"),
        caller.call("OPTIONS", "/oauth/token/"),
        caller.call("POST", "/oauth/token?x=y", FORM, b"x=y"),
        caller.call("POST", "/oauth/token", {"content-type": "text/plain"}, b"x"),
        caller.call("POST", "/oauth/token", JSON, b"[" * 10_000),
        caller.call("POST", "/oauth/token", FORM, b"a" * 20_000),
        caller.call("POST", "/oauth/token", {**FORM, "content-encoding": "gzip"}, b"x"),
        caller.ask_token({}, {"authorization": "Bearer x"}),
        caller.ask_token({}, {"authorization": basic("a", "b")}),
        caller.ask_token({"grant_type": "other"}),
        ask(caller),
    ]

    assert 429 == replies[-1].status
    assert 429 not in [reply.status for reply in replies[:-1]]


def test_a_right_secret_is_no_way_around_the_limit(service: Service, caller: Caller) -> None:
    created = add_client(service.installation)
    form = {"client_id": created.client.client_id, "client_secret": created.secret.reveal()}

    assert [200] * BURST + [429] == [caller.ask_token(form).status for _ in range(BURST + 1)]


def test_addresses_do_not_feel_each_other(service: Service, caller: Caller) -> None:
    other = Caller(service.port, next(ADDRESSES))
    while ask(caller).status != 429:
        pass

    assert ask(other).status == 401


@pytest.mark.parametrize(
    "header",
    [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "true-client-ip",
        "x-client-ip",
        "cf-connecting-ip",
        "x-original-for",
    ],
)
def test_no_header_moves_a_request_to_another_address(caller: Caller, header: str) -> None:
    statuses = [
        caller.ask_token(
            {"client_id": "x"}, {header: f"for=192.0.2.{n}" if header == "forwarded" else f"192.0.2.{n}"}
        ).status
        for n in range(BURST + 1)
    ]

    assert 429 == statuses[-1]


def test_who_goes_on_asking_is_blocked_and_told_for_how_long(caller: Caller) -> None:
    replies = [ask(caller) for _ in range(BURST + BLOCK_AFTER + 5)]
    limited, blocked = replies[BURST : BURST + BLOCK_AFTER - 1], replies[BURST + BLOCK_AFTER - 1 :]

    assert {429} == {reply.status for reply in replies[BURST:]}
    assert not [reply for reply in limited if "is blocked" in reply.document["error_description"]]
    assert {True} == {"is blocked" in reply.document["error_description"] for reply in blocked}
    assert not [reply for reply in blocked if not 1 <= int(reply.headers["retry-after"]) <= 60]


def test_a_limited_request_is_not_read(caller: Caller) -> None:
    while ask(caller).status != 429:
        pass

    said = caller.say(b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")

    assert said.startswith(b"HTTP/1.1 429")


def test_only_the_token_endpoint_is_limited(caller: Caller) -> None:
    while ask(caller).status != 429:
        pass

    paths = ["/.well-known/jwks.json", "/.well-known/openid-configuration", "/health/live", "/health/ready"]
    assert [200] * 4 == [caller.call("GET", path).status for path in paths]


def test_both_spellings_of_the_path_share_one_budget(caller: Caller) -> None:
    statuses = [
        caller.call("POST", path, FORM, b"x=y").status
        for path in itertools.islice(itertools.cycle(["/oauth/token", "/oauth/token/"]), BURST + 1)
    ]

    assert 429 == statuses[-1]


def test_many_connections_at_once_share_one_budget(service: Service) -> None:
    caller = Caller(service.port, next(ADDRESSES))
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: ask(caller).status, range(BURST * 2)))

    assert (BURST, BURST) == (statuses.count(401), statuses.count(429))


def test_requests_in_one_packet_count_one_by_one(service: Service) -> None:
    caller = Caller(service.port, next(ADDRESSES))
    one = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE, (caller.address, 0)) as connection:
        connection.sendall(one * BURST + one.replace(b"Host: x", b"Host: x\r\nConnection: close"))
        said = b""
        while chunk := connection.recv(65_536):
            said += chunk

    assert [b"400"] * BURST + [b"429"] == [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]]
