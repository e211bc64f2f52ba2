from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatekey.server.limits.model import SECOND, Admitted, Blocked, Limited, LimitPolicy
from gatekey.server.limits.shared import SharedLimiter

POLICY = LimitPolicy(burst=2, block_after=3)
ONE_BUCKET = 16


@dataclass
class HandClock:
    now: int = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limits"


@pytest.fixture
def limiter(path: Path, clock: HandClock) -> Iterator[SharedLimiter]:
    SharedLimiter.create(path, ONE_BUCKET)
    with closing(SharedLimiter.open(path, POLICY, clock)) as opened:
        yield opened


def block(limiter: SharedLimiter, address: str) -> None:
    for _ in range(POLICY.burst + POLICY.block_after):
        verdict = limiter.ask(address)

    assert isinstance(verdict, Blocked)


def test_the_address_that_owes_least_gives_way(limiter: SharedLimiter) -> None:
    for number in range(ONE_BUCKET - 1):
        limiter.ask(f"spender {number}")
        limiter.ask(f"spender {number}")
    for number in range(1000):
        limiter.ask(f"passer-by {number}")

    assert [Limited(1)] * 15 == [limiter.ask(f"spender {number}") for number in range(15)]


def test_a_flood_of_addresses_never_frees_a_blocked_one(limiter: SharedLimiter) -> None:
    for number in range(ONE_BUCKET - 1):
        block(limiter, f"blocked {number}")
    for number in range(1000):
        limiter.ask(f"address {number}")
        limiter.ask(f"address {number}")
        limiter.ask(f"address {number}")

    assert {Blocked} == {type(limiter.ask(f"blocked {number}")) for number in range(15)}


def test_where_every_place_is_held_by_a_blocked_address_newcomers_are_still_admitted(limiter: SharedLimiter) -> None:
    for number in range(ONE_BUCKET):
        block(limiter, f"blocked {number}")

    assert [Admitted()] * 9 == [limiter.ask("newcomer") for _ in range(9)]
    assert {Blocked} == {type(limiter.ask(f"blocked {number}")) for number in range(16)}


def test_the_place_of_an_address_at_rest_is_used_again(limiter: SharedLimiter, clock: HandClock) -> None:
    for number in range(ONE_BUCKET):
        block(limiter, f"blocked {number}")
    clock.now += 960 * SECOND

    assert [Admitted(), Admitted(), Limited(1)] == [limiter.ask("newcomer") for _ in range(3)]


def test_two_openings_in_one_process_share_one_budget(path: Path, limiter: SharedLimiter, clock: HandClock) -> None:
    with closing(SharedLimiter.open(path, POLICY, clock)) as other:
        verdicts = [limiter.ask("192.0.2.1"), other.ask("192.0.2.1"), limiter.ask("192.0.2.1")]

    assert [Admitted(), Admitted(), Limited(1)] == verdicts


def test_neither_a_block_nor_a_spent_budget_ends_with_the_service(path: Path, clock: HandClock) -> None:
    SharedLimiter.create(path, ONE_BUCKET)
    with closing(SharedLimiter.open(path, POLICY, clock)) as first:
        block(first, "blocked")
        first.ask("spender")
        first.ask("spender")
    SharedLimiter.create(path, ONE_BUCKET)
    with closing(SharedLimiter.open(path, POLICY, clock)) as second:
        assert isinstance(second.ask("blocked"), Blocked)
        assert Limited(1) == second.ask("spender")


def test_a_decision_that_fails_leaves_the_address_to_the_next(path: Path, clock: HandClock) -> None:
    def broken() -> int:
        raise OSError("no clock")

    SharedLimiter.create(path, ONE_BUCKET)
    with closing(SharedLimiter.open(path, POLICY, broken)) as failing, pytest.raises(OSError, match="no clock"):
        failing.ask("192.0.2.1")
    with closing(SharedLimiter.open(path, POLICY, clock)) as working:
        assert Admitted() == working.ask("192.0.2.1")
