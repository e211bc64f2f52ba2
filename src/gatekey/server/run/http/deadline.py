"""One deadline that is moved with every request and hardly ever reached."""

import asyncio
from collections.abc import Callable


class Deadline:
    """
    Calls `reached` when the time that was set last is over; times are in seconds, and none is below `shortest`.

    Setting and cancelling two timers of the event loop for each request cost a twentieth of an ES256 token. So only the
    instant is noted, and one timer looks whether it has come: never later than `shortest` from now, hence in time for
    every instant that may be set meanwhile.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, shortest: float, reached: Callable[[], None]) -> None:
        self._loop = loop
        self._shortest = shortest
        self._reached = reached
        self._instant: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Let it be reached `seconds` from now, whatever was set before."""
        self._instant = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_later(self._shortest, self._look)

    def unset(self) -> None:
        """Let it never be reached, until it is set again."""
        self._instant = None

    def end(self) -> None:
        """
        Let go of the timer and of whom it would call: both know each other, and connections come and go by
        thousands.
        """
        self._instant = None
        self._reached = _nothing
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._instant is None:
            return
        left = self._instant - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(min(left, self._shortest), self._look)
        else:
            self._instant = None
            self._reached()


def _nothing() -> None:
    """What is called where nobody waits any more."""
