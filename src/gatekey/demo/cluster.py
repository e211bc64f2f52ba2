"""The engine under a clock and an event loop: who waits for a job or a result is woken when something changes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from gatekey.demo.engine import Engine
from gatekey.demo.model import Instance, Job, State

VERSION = "8.8.0-gatekey-demo"
"""Clients read the numbers, people the rest: this is no Camunda."""

LONGEST_POLL = 10_000
"""Milliseconds that a job request waits unless it says otherwise; Zeebe's own default."""

STREAM_BATCH = 32
"""Jobs that one stream takes at once."""

IDLE_SECONDS = 3600.0
"""How long the clock sleeps when nothing is due; any change wakes it."""


def milliseconds() -> int:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class DemoCluster:
    """One engine in one event loop. Every method is called from that loop."""

    def __init__(self) -> None:
        self.engine = Engine(milliseconds)
        self.engine.listeners.append(self._wake)
        self._change = asyncio.Event()

    def _wake(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    async def keep_time(self) -> None:
        """Let timers fire and jobs time out, for ever."""
        while True:
            due = self.engine.next_due()
            wait = IDLE_SECONDS if due is None else max(0.0, (due - milliseconds()) / 1000)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._change.wait(), wait)
                continue
            self.engine.tick()
            self._wake()

    async def activate(self, job_type: str, worker: str, lease: int, most: int, patience: int) -> list[Job]:
        """Hand out jobs, waiting up to `patience` milliseconds for the first (0 for the usual time, less for none)."""
        until = milliseconds() + (patience or LONGEST_POLL)
        while True:
            found = self.engine.activate(job_type, worker, lease, most)
            left = until - milliseconds()
            if found or patience < 0 or left <= 0:
                return found
            with suppress(TimeoutError):
                await asyncio.wait_for(self._change.wait(), left / 1000)

    async def stream(self, job_type: str, worker: str, lease: int) -> AsyncIterator[Job]:
        """Hand out jobs as they come, until nobody listens any more."""
        while True:
            change = self._change
            for job in self.engine.activate(job_type, worker, lease, STREAM_BATCH):
                yield job
            if change is self._change:
                await change.wait()

    async def ended(self, instance: Instance, patience: float) -> bool:
        """Wait up to `patience` seconds until an instance is no longer running; say whether it is."""
        until = time.monotonic() + patience
        while instance.state is State.ACTIVE:
            left = until - time.monotonic()
            if left <= 0:
                return False
            with suppress(TimeoutError):
                await asyncio.wait_for(self._change.wait(), left)
        return True
