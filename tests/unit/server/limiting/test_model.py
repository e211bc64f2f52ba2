import pytest

from gatekey.server.limiting.model import SECOND, Blocked, Limited, LimitPolicy


def test_the_default_policy_is_one_per_second_with_a_burst_of_ten() -> None:
    policy = LimitPolicy()

    assert (1.0, 10, 30, 60.0, 60.0) == (
        policy.rate,
        policy.burst,
        policy.block_after,
        policy.block_window,
        policy.block_for,
    )
    assert SECOND == policy.interval


@pytest.mark.parametrize("name", ["rate", "burst", "block_after", "block_window", "block_for"])
@pytest.mark.parametrize("number", [0, -1])
def test_a_number_that_makes_no_limit_is_no_policy(name: str, number: int) -> None:
    with pytest.raises(ValueError, match="greater than zero"):
        LimitPolicy(**{name: number})


def test_a_rate_beyond_one_per_nanosecond_still_has_an_interval() -> None:
    assert 1 == LimitPolicy(rate=1e12).interval


def test_a_refusal_tells_the_caller_how_long_to_wait_and_the_operator_why() -> None:
    limited, blocked = Limited(retry_after=3), Blocked(retry_after=42, until=7)

    assert "3 s" in limited.public
    assert "42 s" in blocked.public
    assert ("over the rate", "blocked after too many refusals") == (limited.reason, blocked.reason)
