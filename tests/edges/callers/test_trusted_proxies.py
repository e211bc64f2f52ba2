"""
What trusted proxies say about callers, and what becomes of their own requests. Proxies are 127.0.4.0/24.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gatekey.server.events.model import CallerDoubted, OAuthAnswered
from gatekey.server.run.http.fast_path import TokenProtocol
from gatekey.server.run.http.server import BoundedProtocol
from support.product import running_product
from support.service import PROTOCOLS, Caller, Service, eventually, served

BURST, BLOCK_AFTER = 3, 5
UNKNOWN = {"client_id": "unknown", "client_secret": "wrong"}
NUMBERS = itertools.count(1)


@contextmanager
def behind(folder: Path, protocol: type[BoundedProtocol] = TokenProtocol, **settings: Any) -> Iterator[Service]:
    """
    At a thousandth of the usual rate nothing is refilled while a test runs, however slow the machine is.
    """
    limits: dict[str, Any] = {
        "limit_rate": 0.001,
        "limit_burst": BURST,
        "limit_block_after": BLOCK_AFTER,
        "limit_block_window": 3600,
        "limit_block_for": 3600,
        "limit_block_at_most": 3600,
    }
    usual: dict[str, Any] = {"trusted_proxies": ["127.0.4.0/24"]}
    with served(folder, protocol, **limits, **{**usual, **settings}) as service:
        yield service


@pytest.fixture(scope="module", params=PROTOCOLS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with behind(tmp_path_factory.mktemp("behind") / "data", request.param) as running:
        yield running


@pytest.fixture
def proxy(service: Service) -> Caller:
    return Caller(service.port, f"127.0.4.{next(NUMBERS)}")


def ask(caller: Caller, named: str | None = None, header: str = "x-forwarded-for") -> tuple[int, int]:
    """
    Return the status and for how long, so that a block is told from a limit (at most 30 s).
    """
    answer = caller.ask_token(UNKNOWN, {} if named is None else {header: named})
    return answer.status, int(answer.headers.get("retry-after", "0"))


def is_blocked(answer: tuple[int, int]) -> bool:
    return answer[0] == 429 and answer[1] > 30


def test_a_caller_is_limited_and_blocked_by_itself(service: Service, proxy: Caller) -> None:
    answers = [ask(proxy, "192.0.2.1") for _ in range(BURST + BLOCK_AFTER)]

    assert [401] * BURST + [429] * BLOCK_AFTER == [status for status, _ in answers]
    assert is_blocked(answers[-1])
    assert 401 == ask(proxy, "192.0.2.2")[0]
    assert is_blocked(ask(Caller(service.port, "127.0.4.250"), "192.0.2.1"))


@pytest.mark.parametrize("named", [None, "", "unknown", "junk", "127.0.4.99"])
def test_a_proxy_that_names_nobody_is_slowed_down_but_never_blocked(proxy: Caller, named: str | None) -> None:
    """
    A block would be for everybody behind a proxy with a line missing.
    """
    if named == "127.0.4.99":
        named = f"127.0.4.{100 + next(NUMBERS)}"
    answers = [ask(proxy, named) for _ in range(5 * (BURST + BLOCK_AFTER))]

    assert [401] * BURST == [status for status, _ in answers[:BURST]]
    assert {429} == {status for status, _ in answers[BURST:]}
    assert not any(is_blocked(answer) for answer in answers)


def test_callers_that_are_named_are_served_while_their_proxy_itself_is_slowed_down(proxy: Caller) -> None:
    for _ in range(BURST + BLOCK_AFTER):
        ask(proxy)

    assert [(429, 30), (401, 0)] == [ask(proxy), ask(proxy, f"198.51.100.{next(NUMBERS)}")]


def test_a_name_from_elsewhere_changes_nothing_and_is_told(service: Service) -> None:
    stranger = Caller(service.port, f"127.0.5.{next(NUMBERS)}")
    answers = [ask(stranger, f"203.0.113.{number}") for number in range(BURST + BLOCK_AFTER)]

    assert is_blocked(answers[-1])
    assert 1 == sum(isinstance(each, CallerDoubted) and each.peer == stranger.address for each in service.events)


def test_rotating_inside_an_ipv6_network_gives_no_new_budget(proxy: Caller) -> None:
    answers = [ask(proxy, f"[2001:db8:7:7::{number:x}]:4711") for number in range(BURST + BLOCK_AFTER)]

    assert is_blocked(answers[-1])
    assert 401 == ask(proxy, "2001:db8:7:8::1")[0]


def test_the_size_of_a_network_is_a_setting(tmp_path: Path) -> None:
    with behind(tmp_path / "data", limit_ipv6_prefix=48) as service:
        proxy = Caller(service.port, "127.0.4.1")
        answers = [ask(proxy, f"2001:db8:7:{number:x}::1") for number in range(BURST + BLOCK_AFTER)]

        assert is_blocked(answers[-1])


def test_a_translated_caller_is_limited_with_its_own_ipv4_address(tmp_path: Path) -> None:
    spellings = ["192.0.2.1", "::ffff:192.0.2.1", "64:ff9b::192.0.2.1", "2001:db8:64::c000:201", "2002:c000:201::1"]
    with behind(tmp_path / "data", nat64_prefixes=["2001:db8:64::/96"]) as service:
        proxy = Caller(service.port, "127.0.4.1")
        answers = [ask(proxy, spelling)[0] for spelling in spellings]

        assert [401, 401, 401, 429, 429] == answers
        assert 401 == ask(proxy, "2001:db8:64::192.0.2.2")[0]


def test_the_header_that_is_not_in_use_means_nothing(tmp_path: Path) -> None:
    with behind(tmp_path / "data", forwarded_by="forwarded") as service:
        proxy = Caller(service.port, "127.0.4.1")
        told = [ask(proxy, "192.0.2.1", "x-forwarded-for")[0], ask(proxy, 'for="[2001:db8::1]"', "forwarded")[0]]
        eventually(lambda: len(addresses(service)) == len(told))

        assert ["via:127.0.4.1", "2001:db8::/64"] == addresses(service)


def addresses(service: Service) -> list[str]:
    return [event.address for event in service.events if isinstance(event, OAuthAnswered)]


def test_decisions_for_other_proxies_are_told_under_the_callers_address(service: Service, proxy: Caller) -> None:
    proxy.call("GET", "/gateway/decision", {"x-forwarded-for": "203.0.113.200"})

    eventually(lambda: any(getattr(event, "address", "") == "203.0.113.200" for event in service.events))


def test_the_last_use_of_a_secret_and_the_log_show_the_same_address(tmp_path: Path) -> None:
    with running_product(tmp_path / "data", with_gateway=False, trusted_proxies="127.0.0.1", workers=2) as product:
        created = product.create_client("behind-a-proxy")
        caller = Caller(product.http_port)
        right = {"client_id": created["clientId"], "client_secret": created["clientSecret"]}
        granted = caller.ask_token(
            {"grant_type": "client_credentials", "audience": "zeebe.camunda.io", **right},
            {"x-forwarded-for": "192.0.2.1"},
        )
        refused = caller.ask_token(UNKNOWN, {"x-forwarded-for": "192.0.2.1"})
        unnamed = caller.ask_token(UNKNOWN)
        eventually(lambda: "192.0.2.1" in product.cli("clients", "secrets", "list", "behind-a-proxy", "--json").stdout)
        eventually(lambda: "address=192.0.2.1 " in product.errors and "did not say for whom" in product.errors)

    assert [200, 401, 401] == [answer.status for answer in (granted, refused, unnamed)]
