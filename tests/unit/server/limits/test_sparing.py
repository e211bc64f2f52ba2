from gatekey.server.limits.memory import MemoryLimiter
from gatekey.server.limits.model import Admitted, Blocked, Limited, LimitPolicy
from gatekey.server.limits.sparing import SparingLimiter

POLICY = LimitPolicy(rate=1, burst=2, block_after=3)
STRICTER = LimitPolicy(rate=1, burst=1, block_after=1)


def verdicts(address: str, policy: LimitPolicy | None = None) -> list[type]:
    limiter = SparingLimiter(MemoryLimiter(POLICY, lambda: 1), POLICY)
    return [type(limiter.ask(address, policy)) for _ in range(100)]


def test_an_address_is_limited_and_blocked_as_ever() -> None:
    assert [Admitted] * 2 + [Limited] * 2 + [Blocked] * 96 == verdicts("192.0.2.1")


def test_whoever_comes_via_a_proxy_that_names_nobody_is_limited_but_never_blocked() -> None:
    assert [Admitted] * 2 + [Limited] * 98 == verdicts("via:192.0.2.1")


def test_nor_is_it_by_a_policy_for_one_question() -> None:
    assert [Admitted] + [Limited] * 99 == verdicts("via:192.0.2.1", STRICTER)


def test_the_budget_of_a_proxy_is_not_the_one_of_its_address() -> None:
    limiter = SparingLimiter(MemoryLimiter(POLICY, lambda: 1), POLICY)
    for _ in range(10):
        limiter.ask("192.0.2.1")

    assert isinstance(limiter.ask("via:192.0.2.1"), Admitted)


def test_it_forgets_on_request() -> None:
    limiter = SparingLimiter(MemoryLimiter(POLICY, lambda: 1), POLICY)
    for _ in range(10):
        limiter.ask("192.0.2.1")

    assert (True, False) == (limiter.forget("192.0.2.1"), limiter.forget("192.0.2.1"))
    assert isinstance(limiter.ask("192.0.2.1"), Admitted)
