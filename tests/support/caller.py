"""
The HTTP client of the tests: as friendly clients speak it, and as unfriendly ones do.
"""

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from support.waiting import PATIENCE

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}

FIRST_BYTE_SECONDS = 10.0
"""How long the first byte of an answer is waited for where silence is an answer, too."""


@dataclass(frozen=True)
class Reply:
    """
    One HTTP answer, whole; header names are in lower case.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Caller:
    """
    A machine that calls what listens at `port`, from its own loopback address.
    """

    port: int
    address: str = "127.0.0.1"
    host: str = "127.0.0.1"
    trusting: ssl.SSLContext | None = None
    """For TLS; None speaks plain text."""

    def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | Iterator[bytes] | None = None
    ) -> Reply:
        """
        Send one request on a connection of its own; redirects are not followed.
        """
        with closing(self._connection()) as connection:
            chunked = body is not None and not isinstance(body, bytes)
            connection.request(method, path, body, headers or {}, encode_chunked=chunked)
            return _answer_of(connection)

    def send(self, method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> Reply:
        """
        Send one request exactly as written: no header is added, but the length of a body, joined or repaired.
        """
        with closing(self._connection()) as connection:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in [*headers, *([("content-length", str(len(body)))] if body else [])]:
                connection.putheader(name, value)
            connection.endheaders(body or None)
            return _answer_of(connection)

    def _connection(self) -> http.client.HTTPConnection:
        source = (self.address, 0)
        if self.trusting is None:
            return http.client.HTTPConnection(self.host, self.port, PATIENCE, source)
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=PATIENCE, source_address=source, context=self.trusting
        )

    def ask_token(self, form: dict[str, str], headers: dict[str, str] | None = None) -> Reply:
        """
        Send a token request as a form.
        """
        return self.call("POST", "/oauth/token", {**FORM, **(headers or {})}, urlencode(form).encode())

    def say(self, text: bytes, *, silence: float | None = None) -> bytes:
        """
        Send bytes as they are; return one whole answer, or what came until the other side closed or fell silent.
        """
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE, (self.address, 0)) as connection:
            said = b""
            with suppress(ConnectionError):  # refused before all was sent: the answer may be there all the same
                connection.sendall(text)
            # Who has begun to answer goes on at once; the first byte may take longer on a busy machine.
            connection.settimeout(silence or FIRST_BYTE_SECONDS)
            with suppress(TimeoutError, ConnectionError):
                while not _is_whole(said) and (chunk := connection.recv(65_536)):
                    said += chunk
                    connection.settimeout(silence or 0.5)
            return said


def _answer_of(connection: http.client.HTTPConnection) -> Reply:
    answer = connection.getresponse()
    return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def _is_whole(answer: bytes) -> bool:
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, blank, body = answer.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
    ]
    return bool(blank and lengths) and len(body) >= lengths[0]


def basic(user: str, secret: str) -> str:
    """
    Return the value of an `Authorization` header with HTTP Basic (RFC 7617).
    """
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()
