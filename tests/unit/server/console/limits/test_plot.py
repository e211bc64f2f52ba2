"""
The picture says what the numbers say, and nothing stands outside its frame.
"""

from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.console.limits.plot import KINDS, LEFT, RIGHT, TOP, WIDTH, plot
from gatekey.server.traffic.explaining import Point, Tally, points
from support.history import MINUTE, NOW

numbers = st.integers(0, 10**9)
tallies = st.builds(
    lambda *parts: Tally(sum(parts), *parts), *(st.one_of(st.just(0), numbers, st.integers(0, 3)) for _ in KINDS)
)


@given(st.lists(tallies, max_size=120))
def test_every_bar_stands_within_the_frame_on_the_one_before(parts: list[Tally]) -> None:
    drawn = plot([Point(MINUTE + number, tally) for number, tally in enumerate(parts)], 1)

    assert len(drawn.bars) == sum(tally.requests > 0 for tally in parts) == len(drawn.lines)
    for bar in drawn.bars:
        floor = float(drawn.floor)
        assert LEFT <= bar.left
        assert bar.left + bar.width <= WIDTH - RIGHT + 0.1
        for part in bar.parts:
            assert abs(floor - part.height - part.top) < 0.05
            floor = part.top
        assert floor >= TOP - 2 * len(KINDS)  # small parts are drawn larger than they are


@given(st.lists(tallies, min_size=1, max_size=60))
def test_the_levels_are_round_and_reach_the_highest_bar(parts: list[Tally]) -> None:
    drawn = plot([Point(MINUTE + number, tally) for number, tally in enumerate(parts)], 1)
    ceiling = int(drawn.levels[-1].text.replace(",", ""))

    assert max(tally.requests for tally in parts) <= ceiling
    assert "0" == drawn.levels[0].text
    assert int(str(ceiling).rstrip("0") or "0") in {1, 2, 4, 6, 8, 12, 16}


def test_a_bar_says_its_numbers_when_it_is_pointed_at() -> None:
    drawn = plot([Point(MINUTE, Tally(14, granted=12, limited=2))], 1)

    assert ["17:47 UTC: 12 granted, 2 over the limit"] == [bar.title for bar in drawn.bars]
    assert ["granted", "limited"] == [part.kind for part in drawn.bars[0].parts]
    assert "At most 14 requests within a minute." == drawn.summary


def test_times_below_are_round_and_few() -> None:
    for minutes in (60, 240, 1_440):
        span, some = points([], NOW, minutes)
        times = [mark.text for mark in plot(some, span).times]

        assert 4 <= len(times) <= 8
        assert all(time.endswith(("0", "5")) for time in times)


def test_nothing_at_all_is_a_picture_too() -> None:
    drawn = plot([], 15)

    assert ((), (), "At most 0 requests within 15 minutes.") == (drawn.bars, drawn.lines, drawn.summary)
