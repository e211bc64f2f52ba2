"""
Waiting for what another process or thread does.
"""

import time
from collections.abc import Callable

PATIENCE = 30.0
"""Seconds; a bound against hanging, not an expectation."""


def wait_until(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    """
    Poll `what` until it is true. Raises AssertionError after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not happen within {seconds:.0f} s")
        time.sleep(0.01)
