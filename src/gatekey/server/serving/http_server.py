"""
The HTTP server: uvicorn, with its own ideas about signals, proxies and logs put aside.
"""

import asyncio
import ssl
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

HEAD_SECONDS = 10.0
"""For the first line and headers; who trickles them only holds a connection."""


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
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """
        Stop the clock.
        """
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """
        Count the bytes of a head; a body has a limit of its own.
        """
        if self._reading_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._reading_head and self._head_bytes > HEAD_LIMIT and not self.transport.is_closing():
            self.send_400_response("The request head is too large.")

    def on_message_begin(self) -> None:
        """
        A head begins.
        """
        self._reading_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """
        The head is whole.
        """
        self._reading_head, self._head_bytes = False, 0
        self._stop_clock()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """
        What comes next is a head again.
        """
        self._reading_head = True
        super().on_message_complete()

    def _too_slow(self) -> None:
        if self._reading_head and not self.transport.is_closing():
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


def http_server(application: ASGIApp, tls: ssl.SSLContext | None = None) -> HttpServer:
    """
    Return a server for the application, over TLS if there is a context; it takes sockets when it serves.
    """
    return HttpServer(
        uvicorn.Config(
            application,
            http=BoundedProtocol,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
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
