import pytest

from gatekey.server.limits.model import SECOND, Blocked, Limited, LimitPolicy


def test_the_default_policy_is_one_per_second_with_a_burst_of_ten() -> None:
    policy = LimitPolicy()

    assert (1.0, 10) == (policy.rate, policy.burst)
    assert SECOND == policy.interval


def test_the_default_block_is_a_minute_after_thirty_refusals_in_a_minute_and_grows_to_a_quarter_of_an_hour() -> None:
    policy = LimitPolicy()

    assert (30, 60.0) == (policy.block_after, policy.block_window)
    assert (60.0, 900.0, 900.0) == (policy.block_for, policy.block_at_most, policy.block_forgiven)


NUMBERS = ["rate", "burst", "block_after", "block_window", "block_for", "block_at_most", "block_forgiven"]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("number", [0, -1, float("nan")])
def test_a_number_that_makes_no_limit_is_no_policy(name: str, number: int) -> None:
    with pytest.raises(ValueError, match="greater than zero"):
        LimitPolicy(**{name: number})


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("rate", 1e-12),
        ("burst", 10**10),
        ("block_after", 2**32),
        ("block_window", 3.2e9),
        ("block_for", 1e300),
        ("block_at_most", float("inf")),
        ("block_forgiven", 3.2e9),
    ],
)
def test_a_number_that_outlives_everybody_is_no_policy(name: str, number: float) -> None:
    with pytest.raises(ValueError, match="a century"):
        LimitPolicy(**{name: number})  # type: ignore[arg-type] # the names and their types are a table


def test_a_rate_beyond_one_per_nanosecond_still_has_an_interval() -> None:
    assert 1 == LimitPolicy(rate=1e12).interval


def test_a_refusal_tells_the_operator_why() -> None:
    limited, blocked = Limited(retry_after=3), Blocked(retry_after=42, until=7)

    assert ("over the rate", "blocked after too many refusals") == (limited.reason, blocked.reason)
