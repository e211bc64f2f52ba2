"""An ASGI application that is imported and made with its first request."""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send


class LazyApp:
    """
    Makes the application in a thread, so that tokens are issued in the meantime.

    What makes it may take its time to import: a start, and a worker that is never asked for it, do without. A failure
    to make it is raised to every caller until one succeeds.
    """

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._made: ASGIApp | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one connection on."""
        application = self._made or await self._wait_until_made()
        await application(scope, receive, send)

    async def _wait_until_made(self) -> ASGIApp:
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            return self._made
