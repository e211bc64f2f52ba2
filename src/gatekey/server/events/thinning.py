"""Which lines of a flood are written."""

from collections.abc import Callable

LINES_PER_SECOND = 100
"""By one process: enough to see who floods; a core can refuse two hundred times as many."""


class Thinning:
    """Lets so many through each second, and counts the others. `now` is in seconds."""

    def __init__(self, now: Callable[[], float], per_second: int = LINES_PER_SECOND) -> None:
        self._now = now
        self._per_second = per_second
        self._second = 0.0
        self._written = 0
        self._left_out = 0

    def admits(self) -> bool:
        """Count one, and say whether it may be written."""
        second = self._now() // 1
        if second != self._second:
            self._second, self._written = second, 0
        if self._written >= self._per_second:
            self._left_out += 1
            return False
        self._written += 1
        return True

    def take_left_out(self) -> int:
        """Return how many were not written since this was last asked."""
        number, self._left_out = self._left_out, 0
        return number
