"""
The HTTP server: uvicorn, with its own ideas about signals, proxies and logs put aside.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GRACE_SECONDS = 5
"""How long requests under way may take after the signal to end."""

KEEP_ALIVE_SECONDS = 65
"""Longer than common proxies keep their connections, so that they close first."""

HEAD_LIMIT = 32 * 1024
"""Bytes of a request's first line and headers; browsers and proxies send under 16 KiB."""

READING_SECONDS = 10.0
"""For a request's head, and for a token request as a whole; who trickles only holds a connection."""


class BoundedProtocol(HttpToolsProtocol):
    """
    uvicorn's protocol with what it leaves open: how large a request's head may be and how long it may take.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._reading_head = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """
        Start the clock for the first head.
        """
        super().connection_made(transport)
        self._deadline = self.loop.call_later(READING_SECONDS, self.too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """
        Stop the clock.
        """
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """
        Count the bytes of a head and start its clock; a body has limits of its own.
        """
        if self._reading_head:
            self._head_bytes += len(data)
            if self._deadline is None:
                self._deadline = self.loop.call_later(READING_SECONDS, self.too_slow)
        super().data_received(data)
        if self._reading_head and self._head_bytes > HEAD_LIMIT and not self.transport.is_closing():
            self.send_400_response("The request head is too large.")

    def on_headers_complete(self) -> None:
        """
        The head is whole.
        """
        self.head_is_read(body_follows=False)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """
        What comes next is a head again.
        """
        self.message_is_read()
        super().on_message_complete()

    def head_is_read(self, *, body_follows: bool) -> None:
        """
        Note that the head is whole; the clock runs on when the body is on it too.
        """
        self._reading_head, self._head_bytes = False, 0
        if not body_follows:
            self._stop_clock()

    def message_is_read(self) -> None:
        """
        Note that the message is whole.
        """
        self._reading_head, self._head_bytes = True, 0
        self._stop_clock()

    def too_slow(self) -> None:
        """
        Close a connection that took too long to say what it wants.
        """
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class HttpServer(uvicorn.Server):
    """
    uvicorn without its own signal handling: the service ends as a whole.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """
        Leave signals to the service.
        """
        yield

    def end(self) -> None:
        """
        Finish what is under way and end; asked a second time, do not wait.
        """
        self.force_exit = self.should_exit
        self.should_exit = True


def http_server(application: ASGIApp, protocol: type[BoundedProtocol] = BoundedProtocol) -> HttpServer:
    """
    Return a server for the application; it takes sockets when it serves.
    """
    return HttpServer(
        uvicorn.Config(
            application,
            http=protocol,
            ws="none",
            lifespan="off",
            access_log=False,  # every answer is told to the observer, in our words
            log_config=None,
            server_header=False,
            proxy_headers=False,  # uvicorn would believe X-Forwarded-For of every local process
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
