"""Supervises one Envoy: starts it again when it dies."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from gatekey.server.gateway.runner.envoy import Envoy
from gatekey.server.gateway.runner.model import Died, GatewayEvent, GatewayFailed, LogLine, Restarted, Started

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
"""Seconds before Envoy is started again; doubled each time it does not last, so a full disk is not hammered."""

LASTING = 30.0
"""Seconds after which an Envoy counts as having lasted."""


class Supervisor:
    """Starts an Envoy by `run`, and another one whenever it dies; `observe` hears of it."""

    def __init__(self, run: Callable[[], Awaitable[Envoy]], observe: Callable[[GatewayEvent], None]) -> None:
        self._run = run
        self._observe = observe
        self._supervising: asyncio.Task[None] | None = None
        self._envoy: Envoy | None = None

    @property
    def current(self) -> Envoy:
        """The Envoy that was started last; it may be dead, and another be on its way."""
        if self._envoy is None:
            raise RuntimeError("no Envoy was started")
        return self._envoy

    async def start(self) -> None:
        """Return when the first Envoy takes calls; raise GatewayFailed if it does not."""
        self._envoy = await self._start_one()
        self._observe(Started(self._envoy.process_id))
        self._supervising = asyncio.create_task(self._supervise(self._envoy))

    async def stop(self, grace: float) -> None:
        """End the Envoy, if it runs, after at most `grace` seconds for its calls."""
        if self._supervising is not None:
            self._supervising.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervising
        if self._envoy is not None:
            await self._envoy.end(grace)

    async def _supervise(self, envoy: Envoy) -> None:
        clock = asyncio.get_running_loop().time
        pause = FIRST_PAUSE
        while True:
            started = clock()
            self._observe(Died(await envoy.wait()))
            pause = FIRST_PAUSE if clock() - started > LASTING else pause
            while True:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                try:
                    envoy = await self._start_one()
                except (GatewayFailed, OSError) as error:
                    self._observe(LogLine("error", str(error)))
                else:
                    break
            self._envoy = envoy
            self._observe(Restarted(envoy.process_id))

    async def _start_one(self) -> Envoy:
        envoy = await self._run()
        try:
            await envoy.become_ready()
        except BaseException:  # a cancelled start must not leave a process behind
            envoy.kill()
            await envoy.wait()
            raise
        return envoy
