"""An answer that is told once and must be known to have arrived."""

import logging
from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from gatekey.errors import StorageUnavailable

logger = logging.getLogger(__name__)


class ShownOnce(HTMLResponse):
    """
    Sends a page and calls `note` (synchronous, may raise `StorageUnavailable`) once the last byte is out.

    Nothing is noted when the browser is gone by then, as after a double click: it throws the first answer away. So the
    secret in it counts as seen by nobody, and the client's page says so.
    """

    def __init__(self, content: str, headers: Mapping[str, str], note: Callable[[], None]) -> None:
        super().__init__(content, 200, headers)
        self.note = note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the page, look whether somebody is still there, and note it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body), "more_body": True})
        # Asked before the answer is complete: afterwards ASGI reports every client as disconnected.
        gone = await Request(scope, receive).is_disconnected()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        if gone:
            return
        try:
            await run_in_threadpool(self.note)
        except StorageUnavailable as fault:
            # The page is out and right; only the note is missing, and then the client's page warns for nothing.
            logger.warning("could not note that a secret was shown: %s", fault)
