"""One tick of the event loop, in which many requests may arrive."""

import asyncio

from gatekey.server.storage.directory import Directory


class Tick:
    """
    Lets the token requests of one tick share one look at the database. Under load some sixteen arrive together, and the
    look is a tenth of an ES256 token.

    Nearly always it changes nobody's view: which connections can be read in a tick is settled before its first request
    is. What is sent down a connection that was readable already, or while over a thousand are (the loop then asks again
    within its tick), may be answered by a look that is older by as much as a tick: a millisecond or two. `join` only
    where the loop reads, never in a task: those run between one reading and the next.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._lasts = False

    def join(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take part in the current tick of this loop."""
        if not self._lasts:
            self._lasts = True
            self._directory.hold()
            loop.call_soon(self._end)

    def _end(self) -> None:
        self._lasts = False
        self._directory.release()
