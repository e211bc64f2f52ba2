"""
When timers fire.
"""

import pytest

from gatekey.demo.timers import due_at


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("PT30S", 30_000), ("PT0.5S", 500), ("P1DT2H3M4S", 93_784_000), ("P2W", 1_209_600_000)],
)
def test_a_duration_counts_from_now(text: str, milliseconds: int) -> None:
    assert 1_000 + milliseconds == due_at(text, 1_000, is_date=False)


def test_a_date_is_an_instant_and_utc_unless_it_says_otherwise() -> None:
    assert 1_800_000_000_000 == due_at("2027-01-15T08:00:00Z", 0, is_date=True)
    assert 1_800_000_000_000 == due_at("2027-01-15T08:00:00", 0, is_date=True)
    assert 1_800_000_000_000 == due_at("2027-01-15T09:00:00+01:00", 0, is_date=True)


@pytest.mark.parametrize(
    ("text", "is_date"),
    [("30 s", False), ("P", False), ("P200000D", False), (f"PT{'9' * 5_000}S", False), ("soon", True), (3, False)],
)
def test_what_is_no_time_is_refused(text: object, is_date: bool) -> None:  # noqa: FBT001 - the two kinds of timer
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the words
        due_at(text, 0, is_date=is_date)
