"""
What every limiter promises, wherever it keeps its state.
"""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from gatekey.server.limits.model import SECOND, Admitted, Blocked, Limited, LimitPolicy
from gatekey.server.limits.ports import Limiter
from gatekey.server.limits.shared import SharedLimiter
from support.redis_store import RedisServer, redis_limiter, redis_server

Clock = Callable[[], int]
MakeLimiter = Callable[[LimitPolicy, Clock], Limiter]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["shared", "alone", "redis"])
def make_limiter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeLimiter]:
    """
    Each has room for a thousand addresses; what a store does that is full is tested with it (edges).
    """
    with ExitStack() as after:

        def shared(policy: LimitPolicy, clock: Clock, *, alone: bool = False) -> Limiter:
            SharedLimiter.create(tmp_path / "limits", capacity=1000)
            limiter = SharedLimiter.open(tmp_path / "limits", policy, clock, alone=alone)
            after.callback(limiter.close)
            return limiter

        def redis(policy: LimitPolicy, clock: Clock) -> Limiter:
            server: RedisServer = request.getfixturevalue("store")
            key = secrets.token_bytes(32)
            return after.enter_context(redis_limiter(server.socket_url, policy, clock, key=key))

        makers: dict[str, MakeLimiter] = {"shared": shared, "alone": partial(shared, alone=True), "redis": redis}
        yield makers[request.param]


class HandClock:
    now = 5_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def test_an_address_gets_its_burst_and_then_its_rate(make_limiter: MakeLimiter, clock: HandClock) -> None:
    limiter = make_limiter(LimitPolicy(), clock)
    burst = [limiter.ask("192.0.2.1") for _ in range(11)]
    clock.now += SECOND

    assert [Admitted()] * 10 + [Limited(1)] == burst
    assert [Admitted(), Limited(1)] == [limiter.ask("192.0.2.1") for _ in range(2)]


def test_addresses_do_not_feel_each_other(make_limiter: MakeLimiter, clock: HandClock) -> None:
    limiter = make_limiter(LimitPolicy(burst=1), clock)
    for _ in range(100):
        limiter.ask("192.0.2.1")

    assert isinstance(limiter.ask("192.0.2.1"), Blocked)
    assert Admitted() == limiter.ask("192.0.2.2")


def test_a_block_holds_for_every_request_and_ends_when_it_said(make_limiter: MakeLimiter, clock: HandClock) -> None:
    limiter = make_limiter(LimitPolicy(), clock)
    last = [limiter.ask("192.0.2.1") for _ in range(40)][-1]
    assert isinstance(last, Blocked)
    clock.now = last.until - 1
    before = limiter.ask("192.0.2.1")
    clock.now = last.until

    assert (60, Blocked(1, last.until)) == (last.retry_after, before)
    assert Admitted() == limiter.ask("192.0.2.1")


def test_blocks_grow_and_are_forgiven(make_limiter: MakeLimiter, clock: HandClock) -> None:
    limiter = make_limiter(LimitPolicy(block_at_most=200, block_forgiven=300), clock)
    lengths = []
    for pause in (0, 0, 0, 299, 300, 600):
        clock.now += pause * SECOND
        verdicts = [limiter.ask("192.0.2.1") for _ in range(40)]
        assert isinstance(verdicts[-1], Blocked)
        lengths.append(verdicts[-1].retry_after)
        clock.now = verdicts[-1].until

    assert [60, 120, 200, 200, 120, 60] == lengths


def test_an_address_at_rest_is_answered_as_if_never_seen(make_limiter: MakeLimiter, clock: HandClock) -> None:
    limiter = make_limiter(LimitPolicy(), clock)
    first = [type(limiter.ask("192.0.2.1")) for _ in range(41)]
    clock.now += (60 + 900) * SECOND

    assert first == [type(limiter.ask("192.0.2.1")) for _ in range(41)]


def test_more_addresses_than_there_are_places_are_all_served_and_free_no_blocked_one(
    make_limiter: MakeLimiter, clock: HandClock
) -> None:
    limiter = make_limiter(LimitPolicy(), clock)
    blocked = [f"192.0.2.{number}" for number in range(5)]
    for address in blocked * 40:
        limiter.ask(address)

    assert {Admitted()} == {limiter.ask(f"2001:db8:{number:x}::/64") for number in range(10_000)}
    assert {Blocked(60, clock.now + 60 * SECOND)} == {limiter.ask(address) for address in blocked}


def test_a_flood_of_others_changes_nothing_for_an_address_that_goes_on_asking(
    make_limiter: MakeLimiter, clock: HandClock
) -> None:
    limiter = make_limiter(LimitPolicy(burst=2, block_after=1000), clock)
    verdicts = []
    for number in range(10_000):
        limiter.ask(f"2001:db8:{number:x}::/64")
        clock.now += SECOND // 1000
        if number % 100 == 0:
            verdicts.append(limiter.ask("192.0.2.1"))

    assert 2 + 9 == verdicts.count(Admitted())
    assert 100 - 11 == verdicts.count(Limited(1))


def test_waiting_as_told_is_enough(make_limiter: MakeLimiter, clock: HandClock) -> None:
    limiter = make_limiter(LimitPolicy(rate=0.3, burst=1), clock)
    limiter.ask("192.0.2.1")
    limited = limiter.ask("192.0.2.1")
    assert isinstance(limited, Limited)
    clock.now += limited.retry_after * SECOND

    assert limited.retry_after == 4
    assert Admitted() == limiter.ask("192.0.2.1")


def test_threads_at_the_same_instant_share_one_budget(make_limiter: MakeLimiter, clock: HandClock) -> None:
    limiter = make_limiter(LimitPolicy(burst=100, block_after=10_000), clock)
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _: limiter.ask("192.0.2.1"), range(4000)))

    assert 100 == verdicts.count(Admitted())


def test_a_forgotten_address_is_as_new_and_no_other_is(make_limiter: MakeLimiter, clock: HandClock) -> None:
    limiter = make_limiter(LimitPolicy(burst=2), clock)
    for address in ["192.0.2.1", "192.0.2.2"] * 40:
        limiter.ask(address)

    assert [True, False] == [limiter.forget("192.0.2.1") for _ in range(2)]
    assert [Admitted(), Admitted(), Limited(1)] == [limiter.ask("192.0.2.1") for _ in range(3)]
    assert isinstance(limiter.ask("192.0.2.2"), Blocked)


def test_an_address_may_have_a_policy_of_its_own(make_limiter: MakeLimiter, clock: HandClock) -> None:
    limiter = make_limiter(LimitPolicy(burst=2), clock)

    assert [Admitted()] * 5 == [limiter.ask("192.0.2.1", LimitPolicy(burst=5)) for _ in range(5)]
    assert Limited(1) == limiter.ask("192.0.2.1", LimitPolicy(burst=5))
    assert [Admitted(), Admitted(), Limited(1)] == [limiter.ask("192.0.2.2") for _ in range(3)]


def test_an_admitted_address_hears_how_many_more_may_come_at_once(make_limiter: MakeLimiter, clock: HandClock) -> None:
    limiter = make_limiter(LimitPolicy(burst=3), clock)
    heard = []
    for pause in (0, 0, 0, 1, 0.5, 1.5, 10):
        clock.now += round(pause * SECOND)
        verdict = limiter.ask("192.0.2.1")
        heard.append(verdict.remaining if isinstance(verdict, Admitted) else None)

    assert [2, 1, 0, 0, None, 1, 2] == heard


def test_any_text_is_a_budget_of_its_own(make_limiter: MakeLimiter, clock: HandClock) -> None:
    limiter = make_limiter(LimitPolicy(burst=2), clock)
    keys = ["192.0.2.1", "192.0.2.1 client", "192.0.2.1 client unproved", "192.0.2.1 unproved", "2001:db8::/64 client"]
    for _ in range(40):
        limiter.ask(keys[0])

    assert isinstance(limiter.ask(keys[0]), Blocked)
    assert [Admitted()] * 4 == [limiter.ask(key) for key in keys[1:]]
    assert limiter.forget(keys[0])
    assert [1, 0, 0, 0, 0] == [getattr(limiter.ask(key), "remaining", None) for key in keys]
