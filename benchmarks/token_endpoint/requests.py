"""
Token requests of the benchmark itself: one connection, one request at a time, nothing between the bytes and the clock.
"""

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

WAIT_SECONDS = 10.0
PATH = "/oauth/token"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """
    A client id and a secret, which may or may not belong together.
    """

    client_id: str
    secret: str

    @property
    def form(self) -> str:
        """
        The form that asks for a token (RFC 6749 section 4.4.2).
        """
        fields = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.secret}
        return urlencode(fields)


@dataclass(frozen=True, slots=True)
class Reply:
    """
    What came back, and after how many nanoseconds.
    """

    status: int
    body: bytes
    nanoseconds: int

    def json(self) -> Mapping[str, object]:
        """
        Return the body's object; an empty one where it is none.
        """
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def post(credentials: Credentials) -> bytes:
    """
    Return the bytes of a whole token request.
    """
    head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(credentials.form)}\r\n\r\n{credentials.form}".encode()


def get(path: str) -> bytes:
    """
    Return the bytes of a whole GET request.
    """
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


class Connection:
    """
    One kept-alive HTTP/1.1 connection; raises OSError like the socket it is.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, request: bytes) -> Reply:
        """
        Send a whole request and wait for the whole answer. A server that closes afterwards is not asked again.
        """
        started = time.perf_counter_ns()
        self._socket.sendall(request)
        received = b""
        while (end := _end(received)) is None or len(received) < end:
            chunk = self._socket.recv(65_536)
            if not chunk:
                break
            received += chunk
        took = time.perf_counter_ns() - started
        head, _, body = received.partition(b"\r\n\r\n")
        return Reply(int(head.split(b" ", 2)[1]) if b" " in head else 0, _unchunked(head, body), took)


def ask(port: int, request: bytes) -> Reply:
    """
    Send one request on a connection of its own.
    """
    with Connection(port) as connection:
        return connection.send(request)


def _end(received: bytes) -> int | None:
    """
    Return how long the answer will be; None while its head does not tell. A chunked answer ends with an empty chunk.
    """
    head, blank, body = received.partition(b"\r\n\r\n")
    if not blank:
        return None
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(head) + len(blank) + int(line.partition(b":")[2])
    return len(received) if body.endswith(b"0\r\n\r\n") else None


def _unchunked(head: bytes, body: bytes) -> bytes:
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    pieces = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size or b"0", 16)
        if length == 0:
            break
        pieces, body = pieces + rest[:length], rest[length + 2 :]
    return pieces
