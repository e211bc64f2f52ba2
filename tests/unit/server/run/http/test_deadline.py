"""
One timer for a deadline that moves, under a clock that jumps.
"""

import asyncio
import gc
import weakref
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.run.http.deadline import Deadline
from support.jumping_clock import JumpingLoop

SHORTEST = 10.0
NEVER = 1_000_000.0

pauses = st.integers(min_value=0, max_value=100).map(lambda seconds: seconds + 0.01)
"""No sum of ten is a length: which of two timers of one instant goes first, no loop promises."""

lengths = st.sampled_from([SHORTEST, 12.5, 65.0])
moves = st.lists(st.tuples(pauses, st.none() | lengths), min_size=1, max_size=10)


def reached_at(moved: list[tuple[float, float | None]]) -> list[float]:
    """
    When a deadline was reached that is set (or unset) after each pause.
    """
    reached: list[float] = []

    async def live() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline(loop, SHORTEST, lambda: reached.append(round(loop.time(), 6)))
        for pause, length in moved:
            await asyncio.sleep(pause)
            if length is None:
                deadline.unset()
            else:
                deadline.set(length)
        await asyncio.sleep(NEVER)

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(live())
    return reached


def expected(moved: list[tuple[float, float | None]]) -> list[float]:
    now, instant, reached = 0.0, None, []
    for pause, length in [*moved, (NEVER, None)]:
        now += pause
        if instant is not None and instant <= now:
            reached.append(round(instant, 6))
        instant = None if length is None else now + length
    return reached


@given(moves)
def test_it_is_reached_when_what_was_set_last_is_over_and_once(moved: list[tuple[float, float | None]]) -> None:
    assert expected(moved) == reached_at(moved)


def test_however_often_it_is_moved_the_loop_has_one_timer() -> None:
    timers: list[float] = []

    class CountingLoop(JumpingLoop):
        def call_later(self, delay: float, *arguments: object, **named: object) -> asyncio.TimerHandle:
            timers.append(delay)
            return super().call_later(delay, *arguments, **named)  # type: ignore[arg-type] # whatever it was

    async def live() -> None:
        deadline = Deadline(asyncio.get_running_loop(), SHORTEST, lambda: None)
        for _ in range(1000):
            deadline.set(SHORTEST)
            deadline.set(65.0)
        deadline.end()

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        runner.run(live())

    assert [SHORTEST] == timers


def test_after_its_end_nobody_is_called() -> None:
    async def live() -> list[str]:
        called: list[str] = []
        deadline = Deadline(asyncio.get_running_loop(), SHORTEST, lambda: called.append("called"))
        deadline.set(SHORTEST)
        deadline.end()
        await asyncio.sleep(NEVER)
        return called

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        assert [] == runner.run(live())


class Connection:
    """
    Something that owns a deadline which calls it.
    """

    def __init__(self, make: Callable[[Callable[[], None]], Deadline]) -> None:
        self.deadline = make(self.close)

    def close(self) -> None: ...


def test_an_ended_one_leaves_no_work_for_the_garbage_collector() -> None:
    async def live() -> weakref.ref[Connection]:
        loop = asyncio.get_running_loop()
        connection = Connection(lambda close: Deadline(loop, SHORTEST, close))
        connection.deadline.set(SHORTEST)
        connection.deadline.end()
        return weakref.ref(connection)

    gc.disable()
    try:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            connection = runner.run(live())
    finally:
        gc.enable()

    assert connection() is None
