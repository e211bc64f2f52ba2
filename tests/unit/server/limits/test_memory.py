from dataclasses import dataclass

import pytest

from gatekey.server.limits.memory import MemoryLimiter
from gatekey.server.limits.model import SECOND, Admitted, Blocked, Limited, LimitPolicy

POLICY = LimitPolicy(burst=2, block_after=3)


@dataclass
class HandClock:
    now: int = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def block(limiter: MemoryLimiter, address: str) -> None:
    for _ in range(POLICY.burst + POLICY.block_after):
        verdict = limiter.ask(address)

    assert isinstance(verdict, Blocked)


def test_no_more_addresses_are_kept_than_there_are_places(clock: HandClock) -> None:
    limiter = MemoryLimiter(POLICY, clock, capacity=100)
    for number in range(10_000):
        limiter.ask(f"address {number}")

    assert 100 == len(limiter)


def test_the_address_that_owes_least_gives_way(clock: HandClock) -> None:
    limiter = MemoryLimiter(POLICY, clock, capacity=2)
    for address in ("loud", "loud", "quiet", "loud", "newcomer"):
        limiter.ask(address)

    assert Limited(1) == limiter.ask("loud")
    assert 2 == len(limiter)


def test_an_address_that_was_lately_blocked_outlasts_those_that_were_not(clock: HandClock) -> None:
    limiter = MemoryLimiter(POLICY, clock, capacity=100)
    block(limiter, "blocked")
    clock.now += 60 * SECOND
    for number in range(10_000):
        limiter.ask(f"address {number}")
    block(limiter, "blocked")

    assert Blocked(120, clock.now + 120 * SECOND) == limiter.ask("blocked")


def test_where_all_others_are_blocked_one_whose_block_is_over_gives_way(clock: HandClock) -> None:
    limiter = MemoryLimiter(POLICY, clock, capacity=3)
    block(limiter, "over")
    clock.now += 60 * SECOND
    block(limiter, "one")
    block(limiter, "two")
    asked = [limiter.ask("newcomer") for _ in range(3)]

    assert [Admitted(), Admitted(), Limited(1)] == asked
    assert 3 == len(limiter)
    assert {Blocked} == {type(limiter.ask(address)) for address in ("one", "two")}


def test_a_flood_of_addresses_never_frees_a_blocked_one(clock: HandClock) -> None:
    limiter = MemoryLimiter(POLICY, clock, capacity=100)
    block(limiter, "blocked")
    for number in range(10_000):
        limiter.ask(f"address {number}")

    assert isinstance(limiter.ask("blocked"), Blocked)
    assert 100 == len(limiter)


def test_where_every_place_is_held_by_a_blocked_address_newcomers_are_still_admitted(clock: HandClock) -> None:
    limiter = MemoryLimiter(POLICY, clock, capacity=2)
    block(limiter, "one")
    block(limiter, "two")

    assert [Admitted()] * 9 == [limiter.ask("newcomer") for _ in range(9)]
    assert 2 == len(limiter)


def test_addresses_at_rest_are_forgotten_as_others_come(clock: HandClock) -> None:
    limiter = MemoryLimiter(POLICY, clock)
    block(limiter, "blocked")
    for number in range(1000):
        limiter.ask(f"address {number}")
    clock.now += 960 * SECOND
    for number in range(501):
        limiter.ask(f"newcomer {number}")

    assert 501 == len(limiter)


def test_an_address_that_was_blocked_and_asks_again_is_one_address(clock: HandClock) -> None:
    limiter = MemoryLimiter(POLICY, clock)
    block(limiter, "blocked")
    clock.now += 60 * SECOND

    assert [Admitted(), Admitted(), Limited(1)] == [limiter.ask("blocked") for _ in range(3)]
    assert 1 == len(limiter)
