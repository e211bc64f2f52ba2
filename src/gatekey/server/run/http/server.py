"""The HTTP server: uvicorn, with its own ideas about signals, proxies and logs put aside."""

import asyncio
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Protocol

import httptools
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gatekey.server.api.oauth.token_endpoint import TokenEndpoint
from gatekey.server.callers.naming import Callers
from gatekey.server.callers.proxy_header import Relayed
from gatekey.server.run.http.deadline import Deadline

GRACE_SECONDS = 5
"""How long requests under way may take after the signal to end."""

KEEP_ALIVE_SECONDS = 65
"""Longer than common proxies keep their connections, so that they close first."""

HEAD_LIMIT = 32 * 1024
"""Bytes of a request's first line and headers; browsers and proxies send under 16 KiB."""

READING_SECONDS = 10.0
"""For a request's head, and for a token request as a whole; who trickles only holds a connection."""


NO_HTTP = HTTPStatus.BAD_REQUEST, "The request is no HTTP/1.1."
HEAD_TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too large."
HOST_MISSING = HTTPStatus.BAD_REQUEST, "The request has no Host header, or more than one (RFC 9112 section 3.2)."


class Application(Protocol):
    """What the protocol and the server need of the application besides calling it."""

    @property
    def callers(self) -> Callers:
        """Names the caller of a request before anything else sees it."""

    @property
    def fast_path(self) -> Mapping[bytes, TokenEndpoint]:
        """The endpoints that a protocol may ask without ASGI in between, by path."""

    @property
    def end(self) -> Callable[[], None]:
        """Lets nobody wait any more; may be called from any thread."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""


class HeadRefusedError(Exception):
    """Raised to the parser, which ends the connection."""


class BoundedProtocol(HttpToolsProtocol):
    """
    uvicorn's protocol with what it leaves open: how large a request's head may be, how long it may take, and that an
    offered upgrade may be ignored without losing the body.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._reading_head = True
        self._fault = NO_HTTP
        self._message_ended = False
        self._offers_upgrade = False
        self._reading_is_timed = False
        self._deadline = Deadline(self.loop, READING_SECONDS, self.too_slow)
        self.application: Application = self.config.loaded_app
        self.relayed: Relayed | None = None
        """What a trusted proxy said on this connection by the PROXY protocol, None where that is not spoken."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Start the clock for the first head."""
        super().connection_made(transport)
        self._time_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._deadline.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head and start its clock; a body has limits of its own."""
        if self._reading_head and not self._reading_is_timed:
            self._time_reading()
        self._unset_keepalive_if_required()
        self._message_ended = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_again_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.refuse_bytes(*self._fault)
        else:
            # Where a message ended, most of the bytes were its body; the next head is measured when it is whole.
            counts = self._reading_head and not self._message_ended
            self._head_bytes = self._head_bytes + len(data) if counts else 0
            if self._head_bytes > HEAD_LIMIT:
                self.refuse_bytes(*HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The head is whole: hold it back where it has to be read again, check its size, hand it on."""
        self._offers_upgrade = self.parser.should_upgrade()
        if self._offers_upgrade:
            return
        if sum(len(name) + len(value) for name, value in self.headers) > HEAD_LIMIT:
            self._fault = HEAD_TOO_LARGE
            raise HeadRefusedError
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            self._fault = HOST_MISSING
            raise HeadRefusedError
        self.on_head()

    def refuse_bytes(self, status: HTTPStatus, text: str) -> None:
        """Answer bytes that are no request, and end the connection."""
        if self.transport.is_closing():
            return
        body = f"{text}\n".encode()
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        self.transport.close()

    def on_message_complete(self) -> None:
        """What comes next is a head again."""
        if self._offers_upgrade:
            return
        self.message_is_read()
        self.on_message()

    def on_head(self) -> None:
        """Take a head of decent size."""
        self.head_is_read(body_follows=False)
        self.scope["client"] = (self.caller(), 0)
        super().on_headers_complete()

    def caller(self) -> str:
        """Return the name of the caller of the request whose head was read."""
        peer = self.client[0] if self.client else ""
        tells = self.parser.get_method() == b"POST"
        return self.application.callers.name(peer, self.relayed, self.headers, tells=tells)

    def on_message(self) -> None:
        """Take the end of a message."""
        super().on_message_complete()
        if self.cycle.response_complete:
            self.wait_for_the_next()

    def wait_for_the_next(self) -> None:
        """
        Start the clock of an idle connection; where an answered request still has a body to come, that clock runs
        on.
        """
        self._unset_keepalive_if_required()
        if not self._reading_is_timed:
            self._deadline.set(KEEP_ALIVE_SECONDS)

    def _read_again_without_upgrade(self, rest: bytes) -> None:
        # RFC 9110 section 7.8: an upgrade may be ignored. Java's own HttpClient and `curl --http2` offer h2c with their
        # first request, and the parser would drop its body.
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            self.refuse_bytes(HTTPStatus.BAD_REQUEST, "CONNECT is not served here.")
            return
        kept = [(name, value) for name, value in self.headers if name not in {b"connection", b"upgrade"}]
        head = [b"%b %b HTTP/%b\r\n" % (method, self.url, version), *(b"%b: %b\r\n" % pair for pair in kept)]
        self._offers_upgrade = False
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"".join((*head, b"\r\n", rest)))

    def head_is_read(self, *, body_follows: bool) -> None:
        """Note that the head is whole; the clock runs on when the body is on it too."""
        self._reading_head, self._head_bytes = False, 0
        if not body_follows:
            self._reading_is_timed = False
            self._deadline.unset()

    def message_is_read(self) -> None:
        """Note that the message is whole."""
        self._reading_head, self._head_bytes, self._message_ended = True, 0, True
        self._reading_is_timed = False
        self._deadline.unset()

    def too_slow(self) -> None:
        """Close a connection that took too long to say what it wants, or wants nothing any more."""
        if not self.transport.is_closing():
            self.transport.close()

    def _time_reading(self) -> None:
        self._reading_is_timed = True
        self._deadline.set(READING_SECONDS)


class HttpServer(uvicorn.Server):
    """uvicorn without its own signal handling: the service ends as a whole."""

    def __init__(self, config: uvicorn.Config, on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_end = on_end

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the service."""
        yield

    def end(self) -> None:
        """Finish what is under way and end; asked a second time, do not wait."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._on_end()


def http_server(
    application: Application,
    protocol: Callable[..., BoundedProtocol] = BoundedProtocol,
    tls: ssl.SSLContext | None = None,
    server: type[HttpServer] = HttpServer,
) -> HttpServer:
    """Return a server for the application, over TLS if there is a context; it takes sockets when it serves."""
    return server(
        uvicorn.Config(
            application,
            http=protocol,  # type: ignore[arg-type] # uvicorn says "class" and only calls it
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
            ws="none",
            lifespan="off",
            access_log=False,  # every answer is told to the observer, in our words
            log_config=None,
            server_header=False,
            proxy_headers=False,  # uvicorn would believe X-Forwarded-For of every local process
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        application.end,
    )
