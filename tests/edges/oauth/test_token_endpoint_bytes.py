"""
The token endpoint under bytes that no client sends: it answers 400, closes, or waits, and goes on serving.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatekey.server.events.model import Failed
from gatekey.server.run.http.server import BoundedProtocol
from support.product import running_product
from support.service import PATIENCE, Caller, served

TYPE = b"Content-Type: application/x-www-form-urlencoded\r\n"
BODY = b"client_id=unknown&client_secret=wrong"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
START = b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n"


@dataclass
class Door:
    """
    A running service and somebody who knocks at it.
    """

    port: int
    caller: Caller
    runs: Callable[[], bool]

    def serves(self) -> bool:
        """
        Whether an honest request is still answered, by the same process.
        """
        honest = self.caller.ask_token({"client_id": "unknown", "client_secret": "wrong"})
        return honest.status == 401 and self.runs()


@contextmanager
def process_door(data: Path) -> Iterator[Door]:
    with running_product(data, with_gateway=False, limit_rate=1_000_000, limit_burst=1_000_000) as product:
        process = product.process
        assert process is not None
        yield Door(product.http_port, Caller(product.http_port), lambda: process.poll() is None)
        assert "Traceback" not in product.errors


@contextmanager
def asgi_door(data: Path) -> Iterator[Door]:
    with served(data, BoundedProtocol) as service:
        yield Door(service.port, service.caller, lambda: True)
        assert not [event for event in service.events if isinstance(event, Failed)]


@pytest.fixture(scope="module", params=[process_door, asgi_door])
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """
    The real process with its fast path for token requests, and the way through ASGI.
    """
    with request.param(tmp_path_factory.mktemp("door") / "data") as opened:
        yield opened


@pytest.mark.parametrize(
    "request_bytes",
    [
        START + TYPE + LENGTH + b"\r\n" + BODY,
        b"POST http://localhost/oauth/token HTTP/1.1\r\nHost: localhost\r\n" + TYPE + LENGTH + b"\r\n" + BODY,
        b"POST /oauth/token HTTP/1.0\r\n" + TYPE + LENGTH + b"\r\n" + BODY,
        START + TYPE + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n",
        START + TYPE + b"Transfer-Encoding: chunked\r\n\r\n%x;ext=x\r\n" % len(BODY) + BODY + b"\r\n0\r\nT: x\r\n\r\n",
        START + TYPE.lower() + LENGTH.upper() + b"\r\n" + BODY,
        START + TYPE + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY,
        START + TYPE + LENGTH + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + BODY,
        START + TYPE + LENGTH + b"X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n\r\n" + BODY,
    ],
)
def test_unusual_but_lawful_requests_are_answered(door: Door, request_bytes: bytes) -> None:
    said = door.caller.say(request_bytes).removeprefix(CONTINUE)

    assert said.startswith((b"HTTP/1.1 401", b"HTTP/1.0 401"))
    assert b"invalid_client" in said


@pytest.mark.parametrize(
    "headers",
    [
        b"Authorization: Basic YTpi\r\nAuthorization: Basic YTpi\r\n",
        b"Authorization: Basic YTpi\r\nauthorization: Basic eDp5\r\n",
        b"Authorization: \r\n",
        b"Authorization: Basic\tYTpi\r\n",
        b"Authorization: Basic YTpi\x80\r\n",
        b"Authorization: Basic " + b"A" * 20_000 + b"\r\n",
        b"Content-Type: application/json\r\n",
        b"Content-Encoding: identity, gzip\r\n",
    ],
)
def test_headers_that_mean_nothing_certain_are_an_invalid_request(door: Door, headers: bytes) -> None:
    said = door.caller.say(START + TYPE + headers + LENGTH + b"\r\n" + BODY)

    assert said.startswith(b"HTTP/1.1 400")
    assert b'"error":"invalid_request"' in said


@pytest.mark.parametrize(
    "request_bytes",
    [
        START + TYPE + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        START + TYPE + b"Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n0\r\n\r\n",
        START + TYPE + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY,
        START + TYPE + b"Content-Length: -1\r\n\r\n" + BODY,
        START + TYPE + b"Content-Length: +5\r\n\r\n" + BODY,
        START + TYPE + b"Content-Length: 0x5\r\n\r\n" + BODY,
        START + TYPE + b"Content-Length: 5 5\r\n\r\n" + BODY,
        START + TYPE + b"Content-Length: 99999999999999999999999\r\n\r\n" + BODY,
        START + TYPE + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        START + TYPE + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n",
        START + TYPE + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        START + TYPE + b"Transfer-Encoding: gzip, identity\r\n\r\n" + BODY,
        START + b"X: a\x00b\r\n" + TYPE + LENGTH + b"\r\n" + BODY,
        START + b"X\x00: a\r\n" + TYPE + LENGTH + b"\r\n" + BODY,
        START + b"X : a\r\n" + TYPE + LENGTH + b"\r\n" + BODY,
        START + b": a\r\n\r\n",
        START + b"no colon\r\n\r\n",
        b"POST /oauth/token HTTP/1.1\nHost: localhost\n" + TYPE.replace(b"\r", b"") + b"Content-Length: 2\n\nab",
        b"POST /oauth/token HTTP/1.1\rHost: localhost\r\r",
        b"POST /oauth/token HTTP/9.9\r\n\r\n",
        b"POST /oauth/token\r\n\r\n",
        b"POST  /oauth/token HTTP/1.1\r\n\r\n",
        b"POST /oauth/to ken HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /oauth/token\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST oauth/token HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT localhost:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT /oauth/token HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 32,
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + START + TYPE + LENGTH + b"\r\n" + BODY,
        b"\r\n" * 1000,
        b"\0" * 1000,
        b"\xff" * 100_000,
        b"A" * 100_000,
    ],
)
def test_malformed_http_never_gets_a_token_nor_harms_the_service(door: Door, request_bytes: bytes) -> None:
    said = door.caller.say(request_bytes)

    statuses = [line[:12] for line in said.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert not [status for status in statuses if status[9:10] != b"4"]
    assert b"access_token" not in said
    assert door.serves()


def test_endless_headers_are_cut_off_before_they_fill_the_memory(door: Door) -> None:
    line = b"X-Filler: " + b"a" * 8000 + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", door.port), PATIENCE) as connection:
        connection.sendall(START)
        try:
            while sent < 16 * 1024 * 1024:
                connection.sendall(line)
                sent += len(line)
        except ConnectionError:
            pass

    assert sent < 16 * 1024 * 1024
    assert door.serves()


@pytest.mark.parametrize("headers", [b"X: " + b"a" * 200_000 + b"\r\n", b"X: a\r\n" * 20_000])
def test_a_head_far_beyond_any_honest_one_is_refused(door: Door, headers: bytes) -> None:
    said = door.caller.say(START + TYPE + headers + LENGTH + b"\r\n" + BODY)

    assert said == b"" or said.startswith(b"HTTP/1.1 431")
    assert door.serves()


@pytest.mark.parametrize("hosts", [b"", b"Host: one\r\nHost: two\r\n"])
def test_a_request_without_one_host_is_refused(door: Door, hosts: bytes) -> None:
    """
    RFC 9112 section 3.2.
    """
    first, _, rest = START.partition(b"\r\n")
    others = b"".join(line + b"\r\n" for line in rest.split(b"\r\n") if line and not line.lower().startswith(b"host:"))
    said = door.caller.say(first + b"\r\n" + hosts + others + TYPE + LENGTH + b"\r\n" + BODY)

    assert said.startswith(b"HTTP/1.1 400")
    assert b"Host header" in said
    assert door.serves()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_though_more_is_coming(door: Door, *, chunked: bool) -> None:
    head = START + TYPE + (b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 10000000") + b"\r\n\r\n"
    said = door.caller.say(head + (b"5000\r\n" if chunked else b"") + b"a" * 0x5000)

    assert said.startswith(b"HTTP/1.1 413")
    assert b"larger than 16384 bytes" in said
    assert b"\r\nconnection: close" in said.lower()


def test_an_endless_chunked_body_is_cut_off(door: Door) -> None:
    chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", door.port), PATIENCE) as connection:
        connection.sendall(START + TYPE + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            while sent < 64 * 1024 * 1024:
                connection.sendall(chunk)
                sent += len(chunk)
        except ConnectionError:
            pass

    assert sent < 64 * 1024 * 1024
    assert door.serves()


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize(
    ("refused", "status"),
    [
        (b"GET /oauth/token HTTP/1.1\r\n", b"405"),
        (b"POST /oauth/token HTTP/1.1\r\nAuthorization: Basic YTpi\r\nAuthorization: Basic YTpi\r\n", b"400"),
        (b"POST /oauth/token HTTP/1.1\r\nContent-Encoding: gzip\r\n", b"400"),
    ],
)
def test_requests_after_a_refused_one_on_the_same_connection_are_read_as_their_own(
    door: Door, refused: bytes, status: bytes, pieces: int
) -> None:
    """
    The rest of a body that was not read must not be taken for a request.
    """
    smuggled = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    first = b"%bHost: x\r\nContent-Length: %d\r\n\r\n" % (refused, len(smuggled)) + smuggled
    last = b"POST /oauth/token?last HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", door.port), PATIENCE) as connection:
        said = b""
        if pieces == 2:  # the rest comes when the answer is there already
            connection.sendall(first.removesuffix(smuggled))
            said = connection.recv(65_536)
        connection.sendall((smuggled if said else first) + last)
        while chunk := connection.recv(65_536):
            said += chunk

    assert [status, b"400"] == [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]]


def test_a_client_that_leaves_in_the_middle_is_no_trouble(door: Door) -> None:
    for part in (START, START + TYPE + LENGTH + b"\r\n", START + TYPE + LENGTH + b"\r\n" + BODY[:5], b"PO"):
        with socket.create_connection(("127.0.0.1", door.port), PATIENCE) as connection:
            connection.sendall(part)

    assert door.serves()


def test_a_hundred_idle_connections_keep_nobody_waiting(door: Door) -> None:
    idle = [socket.create_connection(("127.0.0.1", door.port), PATIENCE) for _ in range(100)]
    try:
        for connection in idle:
            connection.sendall(START + b"X: tri")

        assert door.serves()
    finally:
        for connection in idle:
            connection.close()
