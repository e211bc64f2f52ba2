"""
Real proxies in front of the token service: each names the caller, and nobody else does.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from gatekey.server.events.model import CallerDoubted, OAuthAnswered
from support.fronts import FRONTS, STREAM_MODULE, fronted
from support.proxies import find_program
from support.service import Caller, Service, eventually, served

BURST = 3
CALLERS = (f"127.0.2.{number}" for number in itertools.count(1))
FORM = {"client_id": "unknown", "client_secret": "wrong"}

LIES = {
    "x-forwarded-for": "192.0.2.66",
    "forwarded": "for=192.0.2.66",
    "x-real-ip": "192.0.2.66",
    "true-client-ip": "192.0.2.66",
    "x-client-ip": "192.0.2.66",
    "x-cluster-client-ip": "192.0.2.66",
    "x-envoy-external-address": "192.0.2.66",
    "x_forwarded_for": "192.0.2.66",
}
TWISTED = ['"', 'for="', "for=1.2.3.4, ", "127.0.0.1", "127.0.0.1, 127.0.0.1", "unknown", ",,,", "\\", 'for="\\', ";"]


@dataclass(frozen=True)
class Stand:
    service: Service
    port: int


@pytest.fixture(scope="module", params=sorted(FRONTS))
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """
    At a thousandth of the usual rate nothing is refilled while a test runs, however slow the machine is.
    """
    front = FRONTS[request.param]
    program = find_program(front.program)
    if program is None:
        pytest.skip(f"{front.program} is not installed on this machine")
    if request.param == "nginx stream" and not STREAM_MODULE.exists():
        pytest.skip("nginx's stream module is not installed on this machine")
    folder = tmp_path_factory.mktemp("front")
    limits: dict[str, Any] = {"limit_rate": 0.001, "limit_burst": BURST, "limit_block_window": 3600}
    with (
        served(folder / "data", trusted_proxies=["127.0.0.1"], **limits, **front.settings) as service,
        fronted(front, program, folder, service.port) as port,
    ):
        eventually(lambda: Caller(port).call("GET", "/health/live").status == 200)
        yield Stand(service, port)


@pytest.fixture
def caller(stand: Stand) -> Caller:
    return Caller(stand.port, next(CALLERS))


def seen(stand: Stand, since: int) -> list[str]:
    return [event.address for event in stand.service.events[since:] if isinstance(event, OAuthAnswered)]


def test_the_caller_is_told_under_its_own_address(stand: Stand, caller: Caller) -> None:
    since = len(stand.service.events)
    status = caller.ask_token(FORM).status
    eventually(lambda: seen(stand, since))

    assert (401, [caller.address]) == (status, seen(stand, since))


def test_each_caller_has_a_limit_of_its_own(stand: Stand, caller: Caller) -> None:
    other = Caller(stand.port, next(CALLERS))

    assert [401] * BURST + [429] == [caller.ask_token(FORM).status for _ in range(BURST + 1)]
    assert 401 == other.ask_token(FORM).status


def test_no_header_of_a_caller_changes_who_it_is(stand: Stand, caller: Caller) -> None:
    lies = [{name: value} for name, value in LIES.items()]
    lies += [{name: text} for name in ("x-forwarded-for", "forwarded") for text in TWISTED]
    since = len(stand.service.events)
    asked = [caller.ask_token(FORM, lie).status for lie in [*lies, LIES]]
    eventually(lambda: len(seen(stand, since)) == asked.count(401) + asked.count(429))

    assert {caller.address} == set(seen(stand, since))
    assert [401] * BURST == [status for status in asked if status == 401]


def test_several_lines_of_a_caller_stand_left_of_the_proxys(stand: Stand, caller: Caller) -> None:
    lies = [b"X-Forwarded-For: 1.2.3.4", b"X-Forwarded-For: 127.0.0.1", b"Forwarded: for=1.2.3.4", b'Forwarded: for="']
    since = len(stand.service.events)
    answer = caller.say(
        b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + b"".join(lie + b"\r\n" for lie in lies)
        + b"Content-Length: 29\r\nConnection: close\r\n\r\nclient_id=a&client_secret=b&x",
        silence=5,
    )
    eventually(lambda: seen(stand, since))

    assert answer.startswith(b"HTTP/1.1 40")
    assert [caller.address] == seen(stand, since)


def test_a_proxy_that_is_set_up_well_is_nothing_to_tell(stand: Stand) -> None:
    assert [] == [event for event in stand.service.events if isinstance(event, CallerDoubted)]
