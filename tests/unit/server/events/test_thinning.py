"""
Each second has its share, and nothing goes uncounted.
"""

from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.events.thinning import Thinning


@given(st.lists(st.floats(0, 3), max_size=60).map(sorted), st.integers(1, 10))
def test_so_many_a_second_are_written_and_the_others_counted(moments: list[float], per_second: int) -> None:
    clock = iter(moments)
    thinning = Thinning(lambda: next(clock), per_second)
    written = [moment // 1 for moment in moments if thinning.admits()]

    assert len(moments) == len(written) + thinning.take_left_out()
    assert written == [
        second for second in range(4) for _ in range(min(per_second, sum(moment // 1 == second for moment in moments)))
    ]
    assert 0 == thinning.take_left_out()
