"""
What every limiter promises, wherever it keeps its state.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatekey.server.limiting.memory import MemoryLimiter
from gatekey.server.limiting.model import SECOND, Admitted, Blocked, Limited, LimitPolicy
from gatekey.server.limiting.ports import Limiter

Clock = Callable[[], int]
MakeLimiter = Callable[[LimitPolicy, Clock], Limiter]


@pytest.fixture(params=[MemoryLimiter], ids=["memory"])
def make_limiter(request: pytest.FixtureRequest) -> MakeLimiter:
    make: MakeLimiter = request.param
    return make


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
