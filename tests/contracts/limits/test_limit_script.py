"""
The script inside the store decides word for word as `decide` does, and remembers the same.
"""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.limits.decide import decide, rests_from
from gatekey.server.limits.model import SECOND, AddressState, Admitted, Blocked, Limited, LimitPolicy, Verdict
from gatekey.server.storage.redis.limiter import MICROSECOND, SPARE, RedisLimiter
from support.redis_store import RedisServer, redis_limiter, redis_server

YEAR_2100 = 4_102_444_800 * SECOND
"""Nanoseconds since 1970."""

CENTURY = 100 * 365 * 24 * 3600.0


class HandClock:
    now = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="module")
def limiter(store: RedisServer, clock: HandClock) -> Iterator[RedisLimiter]:
    with redis_limiter(store.socket_url, LimitPolicy(), clock) as made:
        yield made


def in_microseconds(seconds: float) -> float:
    return max(1, round(seconds * 1_000_000)) / 1_000_000


def whole(policy: LimitPolicy) -> LimitPolicy:
    """
    The policy with every time rounded to whole microseconds, which is what the script goes by.
    """
    return LimitPolicy(
        rate=1_000_000 / max(1, round(policy.interval / MICROSECOND)),
        burst=policy.burst,
        block_after=policy.block_after,
        block_window=in_microseconds(policy.block_window),
        block_for=in_microseconds(policy.block_for),
        block_at_most=in_microseconds(policy.block_at_most),
        block_forgiven=in_microseconds(policy.block_forgiven),
    )


def kept(store: RedisServer, key: str) -> AddressState:
    with store.client() as client:
        found = client.get(key)
    assert isinstance(found, bytes)
    full_at, window_ends, blocked_until, refusals, doublings = map(int, found.split())
    full_at, window_ends, blocked_until = (each * MICROSECOND for each in (full_at, window_ends, blocked_until))
    return AddressState(full_at, window_ends, blocked_until, refusals, doublings)


def words(verdict: Verdict) -> tuple[object, ...]:
    """
    A verdict with all that it says: admitted ones compare equal, whatever remains.
    """
    return (verdict, verdict.remaining) if isinstance(verdict, Admitted) else (verdict,)


NUMBERS = itertools.count()
POLICIES = st.builds(
    LimitPolicy,
    rate=st.one_of(st.sampled_from([0.3, 1.0, 7.0, 1000.0, 333_333.0, 1e9]), st.floats(0.01, 100)),
    burst=st.integers(1, 12),
    block_after=st.integers(1, 8),
    block_window=st.one_of(st.sampled_from([1e-9, 1.0, 60.0]), st.floats(0.001, 100)),
    block_for=st.one_of(st.sampled_from([1e-9, 1.0, 60.0]), st.floats(0.001, 100)),
    block_at_most=st.one_of(st.sampled_from([0.5, 900.0]), st.floats(0.001, 1000)),
    block_forgiven=st.one_of(st.sampled_from([1e-9, 7.0, 900.0]), st.floats(0.001, 1000)),
)
STEPS = st.one_of(
    st.just(0),
    st.integers(-SECOND, 3 * SECOND),
    st.sampled_from([1, MICROSECOND - 1, MICROSECOND, SECOND - MICROSECOND, SECOND, 60 * SECOND, 900 * SECOND]),
    st.integers(0, 10_000 * SECOND),
)
"""Nanoseconds from one question to the next; some lead back, as clocks do that are set."""


BOUNDARIES = st.sampled_from(["full_at", "window_ends", "blocked_until"])
"""Right onto an instant that is remembered."""


@given(st.lists(st.tuples(POLICIES, st.lists(STEPS | BOUNDARIES, min_size=1, max_size=30)), min_size=1, max_size=3))
def test_the_script_says_and_remembers_what_decide_does(
    store: RedisServer, limiter: RedisLimiter, clock: HandClock, plan: list[tuple[LimitPolicy, list[int | str]]]
) -> None:
    """
    One address, under one policy after another.
    """
    address, state = f"address {next(NUMBERS)}", None
    clock.now = YEAR_2100
    for policy, steps in plan:
        for step in steps:
            if isinstance(step, int):
                clock.now += step
            elif state is not None:
                clock.now = getattr(state, step) or clock.now
            right, state = decide(whole(policy), state, clock.now // MICROSECOND * MICROSECOND)

            assert words(right) == words(limiter.ask(address, policy))
    assert state == kept(store, limiter.name_of(address))


@given(POLICIES, st.lists(STEPS, min_size=1, max_size=20))
def test_an_address_is_remembered_until_it_rests_and_hardly_longer(
    store: RedisServer, limiter: RedisLimiter, clock: HandClock, policy: LimitPolicy, steps: list[int]
) -> None:
    address, state, written = f"address {next(NUMBERS)}", None, 0
    clock.now = YEAR_2100
    for step in steps:
        clock.now += step
        before = state
        _, state = decide(whole(policy), state, clock.now // MICROSECOND * MICROSECOND)
        written = written if state is before else clock.now
        limiter.ask(address, policy)
    assert state is not None
    with store.client() as client:
        lasts = client.pttl(limiter.name_of(address))
    assert isinstance(lasts, int)
    left = (rests_from(whole(policy), state) - written) // 1_000_000

    # The store's own clock has gone on since; it has all the patience of tests to do so.
    assert max(0, left) + SPARE - 60_000 < lasts <= max(0, left) + SPARE + 3


def test_times_of_a_century_and_counts_of_a_word_are_exact_too(limiter: RedisLimiter, clock: HandClock) -> None:
    policy = LimitPolicy(1 / CENTURY, 1, 2**32 - 1, CENTURY, CENTURY, CENTURY, CENTURY)
    clock.now = YEAR_2100
    verdicts = [limiter.ask("of a century", policy) for _ in range(2)]
    clock.now += int(CENTURY) * SECOND - MICROSECOND
    last = limiter.ask("of a century", policy)
    clock.now += MICROSECOND

    assert [Admitted(), Limited(30), Limited(1), Admitted()] == [*verdicts, last, limiter.ask("of a century", policy)]


def test_a_boundary_lies_between_two_microseconds(limiter: RedisLimiter, clock: HandClock) -> None:
    policy = LimitPolicy(burst=1, block_after=2)
    clock.now = YEAR_2100
    limiter.ask("punctual", policy)
    clock.now += SECOND - 1
    early = limiter.ask("punctual", policy)
    clock.now += 1

    assert [Limited(1), Admitted()] == [early, limiter.ask("punctual", policy)]


def test_without_a_clock_the_store_s_own_counts(store: RedisServer) -> None:
    policy = LimitPolicy(rate=1 / 3600, burst=1, block_after=2)
    with redis_limiter(store.socket_url, policy) as limiter, store.client() as client:
        verdicts = [limiter.ask("192.0.2.1") for _ in range(3)]
        seconds, _ = client.time()
        full_at = kept(store, limiter.name_of("192.0.2.1")).full_at

    assert [Admitted(), Limited(30)] == verdicts[:2]
    assert isinstance(verdicts[2], Blocked)
    assert seconds + 3600 - 60 < full_at / SECOND < seconds + 3601
