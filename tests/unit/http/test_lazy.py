"""
Rooms made when the first visitor comes.
"""

import asyncio
import threading
from collections.abc import Callable

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatekey.http.lazy import LazyApp


class Room:
    """
    Counts its visitors, and in which thread it was made.
    """

    def __init__(self) -> None:
        self.visits = 0
        self.made_by = threading.current_thread()

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self.visits += 1


async def receive() -> Message:
    return {"type": "http.disconnect"}


async def send(_: Message) -> None: ...


def visited(make: Callable[[], ASGIApp], times: int) -> list[BaseException | None]:
    async def visit() -> list[BaseException | None]:
        later = LazyApp(make)
        visits = (later({}, receive, send) for _ in range(times))
        return await asyncio.gather(*visits, return_exceptions=True)

    return asyncio.run(visit())


def test_nothing_is_made_before_somebody_comes() -> None:
    def never() -> Room:
        raise AssertionError

    assert [] == visited(never, times=0)


def test_many_first_visitors_share_one_room_that_a_thread_made() -> None:
    made: list[Room] = []

    def make() -> Room:
        made.append(Room())
        return made[-1]

    visited(make, times=20)
    (room,) = made

    assert room.visits == 20
    assert threading.current_thread() is not room.made_by


@pytest.mark.parametrize("failures", [1, 3])
def test_a_room_that_could_not_be_made_is_made_for_the_next(failures: int) -> None:
    tries: list[Room] = []

    def make() -> Room:
        tries.append(Room())
        if len(tries) <= failures:
            raise OSError
        return tries[-1]

    outcomes = visited(make, times=5)

    assert [OSError] * failures + [type(None)] * (5 - failures) == [type(outcome) for outcome in outcomes]
    assert 5 - failures == tries[-1].visits
