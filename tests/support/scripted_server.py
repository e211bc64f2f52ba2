"""
A real HTTP server on loopback that answers as a test tells it to, or misbehaves.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

PATIENCE = 30.0
"""Seconds after which a stalled answer gives up, should a test forget to end."""

DRIP = 0.02
"""Seconds between two bytes; much less than any timeout of the tests."""


@dataclass(frozen=True, slots=True)
class Asked:
    """
    One request as it arrived.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """
    A well-formed answer.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Raw:
    """
    Bytes that are written as they are, after which the connection is closed; none at all drop it.
    """

    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Stalled:
    """
    The beginning of an answer that never goes on.
    """

    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Dripping:
    """
    The beginning of an answer that goes on for ever, a byte at a time.
    """

    data: bytes = b""


Reply = Answer | Raw | Stalled | Dripping
Respond = Callable[[Asked], Reply]


@dataclass(frozen=True, slots=True)
class Server:
    """
    A running server: where it is, and what it was asked so far.
    """

    url: str
    port: int
    asked: list[Asked]


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # joined at the end, so that no thread outlives its test

    def __init__(self, respond: Respond, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond = respond
        self.tls = tls
        self.asked: list[Asked] = []
        self.ended = Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """
        Clients that hang up or distrust our certificate are what the tests are about.
        """


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def setup(self) -> None:
        if self.server.tls:
            self.request.settimeout(PATIENCE)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden method
        """
        Say nothing: tests read what was asked.
        """

    def do_GET(self) -> None:
        asked = Asked(self.command, self.path, dict(self.headers.items()), self._body())
        self.server.asked.append(asked)
        self.close_connection = True
        self._reply(self.server.respond(asked))

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def _body(self) -> bytes:
        """
        Read the whole body, in chunks too (RFC 9112 section 7.1): an unread one would break off the connection.
        """
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while length := int(self.rfile.readline(), 16):
            body += self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _reply(self, reply: Reply) -> None:
        if isinstance(reply, Answer):
            self.send_response(reply.status)
            for name, value in (*reply.headers, ("Content-Length", str(len(reply.body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)
            return
        self.wfile.write(reply.data)
        if isinstance(reply, Stalled):
            self.server.ended.wait(PATIENCE)
        while isinstance(reply, Dripping) and not self.server.ended.wait(DRIP):
            self.wfile.write(b"x")


@contextmanager
def serving(respond: Respond, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """
    Serve on a free port of loopback until the block ends.
    """
    listening = _Server(respond, tls)
    port = listening.server_address[1]
    thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Server(f"{'https' if tls else 'http'}://localhost:{port}", port, listening.asked)
    finally:
        listening.ended.set()
        listening.shutdown()
        thread.join()
        listening.server_close()
