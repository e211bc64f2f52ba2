"""
An event loop whose clock jumps from timer to timer, so that no test waits.
"""

import asyncio
import selectors
from typing import Any


class JumpingClock(selectors.DefaultSelector):
    """
    Where a loop would wait for its next timer, the time is set forward instead.
    """

    ahead = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self.ahead += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = JumpingClock()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.ahead
