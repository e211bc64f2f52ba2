"""
The token endpoint and those who send slowly, under a clock that jumps: nobody waits ten seconds here.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive

from gatekey.http.asgi import BODY_SECONDS
from gatekey.server.events.model import Event, OAuthAnswered
from gatekey.server.run.compose import compose, open_directory
from gatekey.server.run.http.server import KEEP_ALIVE_SECONDS, READING_SECONDS, BoundedProtocol, http_server
from support.jumping_clock import JumpingLoop
from support.service import PROTOCOLS, Memory, installed, open_limits

HEAD = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\n"
LENGTH = b"Content-Length: 100\r\n\r\n"
ENDED_EARLY = ["The body ended early."]

both_ways = pytest.mark.parametrize("protocol", PROTOCOLS)


async def nothing() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


def trickle(pause: float) -> Receive:
    async def receive() -> Message:
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": b"a", "more_body": True}

    return receive


async def leave() -> Message:
    return {"type": "http.disconnect"}


def post(folder: Path, receive: Receive) -> tuple[list[Message], list[Event], float]:
    """
    Send one request whose body comes from `receive`; returns the answer, what the operator was told, and the seconds.
    """
    sent: list[Message] = []
    memory = Memory()

    async def send(message: Message) -> None:
        sent.append(message)

    async def answer() -> float:
        with installed(folder) as installation:
            limits = open_limits(installation, memory)
            application = compose(installation, open_directory(installation), memory, limits)
            await application(scope(), receive, send)
        return asyncio.get_running_loop().time()

    return sent, memory.events, run(answer)


def scope() -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": "/oauth/token",
        "raw_path": b"/oauth/token",
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
        "client": ("192.0.2.1", 1),
    }


def run(what: Callable[[], Coroutine[Any, Any, float]]) -> float:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(what())


Saying = Callable[[socket.socket], Awaitable[None]]


def converse(folder: Path, protocol: type[BoundedProtocol], say: Saying) -> tuple[bytes, list[Event], float]:
    """
    Speak to one connection; returns all that came back until it was closed, what was told, and the seconds.
    """
    memory = Memory()
    said = b""

    async def talk() -> float:
        nonlocal said
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        with installed(folder) as installation, ours:
            limits = open_limits(installation, memory)
            application = compose(installation, open_directory(installation), memory, limits)
            server = http_server(application, protocol)
            server.config.load()
            await loop.connect_accepted_socket(
                lambda: protocol(config=server.config, server_state=server.server_state, app_state={}), theirs
            )
            speaking = asyncio.ensure_future(say(ours))
            while chunk := await loop.sock_recv(ours, 65_536):
                said += chunk
            closed = loop.time()
            speaking.cancel()
            await asyncio.gather(speaking, *server.server_state.tasks, return_exceptions=True)
        return closed

    seconds = run(talk)
    return said, memory.events, seconds


def saying(start: bytes, pause: float = 0.0, then: bytes = b"", *, times: int = 1) -> Saying:
    """
    Say `start`, then after each pause something more.
    """

    async def say(connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, start)
        for _ in range(times if then else 0):
            await asyncio.sleep(pause)
            await loop.sock_sendall(connection, then)

    return say


def reasons(events: list[Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, OAuthAnswered)]


@pytest.mark.parametrize("receive", [nothing, trickle(0.1), trickle(3)])
def test_a_body_that_takes_too_long_is_refused_and_the_connection_closed(tmp_path: Path, receive: Receive) -> None:
    sent, events, seconds = post(tmp_path / "data", receive)

    assert [("http.response.start", 400)] == [(m["type"], m["status"]) for m in sent[:1]]
    assert (b"connection", b"close") in sent[0]["headers"]
    assert b"took longer than 10 s" in sent[1]["body"]
    assert [400] == [event.status for event in events if isinstance(event, OAuthAnswered)]
    assert BODY_SECONDS == round(seconds, 6)


def test_a_client_that_leaves_is_told_to_the_operator(tmp_path: Path) -> None:
    _, events, seconds = post(tmp_path / "data", leave)

    assert reasons(events) == ENDED_EARLY
    assert seconds < BODY_SECONDS


@both_ways
@pytest.mark.parametrize("pause", [0.3, 4.0, 1000.0])
def test_a_trickling_body_is_refused_on_the_wire(tmp_path: Path, protocol: type[BoundedProtocol], pause: float) -> None:
    say = saying(HEAD + LENGTH, pause, b"a", times=99)

    said, events, seconds = converse(tmp_path / "data", protocol, say)

    assert said.startswith(b"HTTP/1.1 400")
    assert b"took longer than 10 s" in said
    assert b"\r\nconnection: close\r\n" in said
    assert ["The body took longer than 10 s."] == reasons(events)
    assert BODY_SECONDS == round(seconds, 6)


@both_ways
@pytest.mark.parametrize("pause", [0.3, 4.0, 1000.0])
def test_a_trickling_head_is_closed_without_an_answer(
    tmp_path: Path, protocol: type[BoundedProtocol], pause: float
) -> None:
    said, events, seconds = converse(tmp_path / "data", protocol, saying(HEAD, pause, b"X: a\r\n", times=99))

    assert (b"", []) == (said, reasons(events))
    assert READING_SECONDS == round(seconds, 6)


@both_ways
def test_who_leaves_in_the_middle_of_a_body_is_told_to_the_operator(
    tmp_path: Path, protocol: type[BoundedProtocol]
) -> None:
    async def say(connection: socket.socket) -> None:
        await asyncio.get_running_loop().sock_sendall(connection, HEAD + LENGTH + b"a")
        await asyncio.sleep(1)
        connection.shutdown(socket.SHUT_WR)

    said, events, seconds = converse(tmp_path / "data", protocol, say)

    assert said == b""
    assert reasons(events) == ENDED_EARLY
    assert seconds < BODY_SECONDS


@both_ways
@pytest.mark.parametrize("body", [b"", b"a" * 100])
def test_a_connection_that_falls_silent_after_an_answer_is_closed(
    tmp_path: Path, protocol: type[BoundedProtocol], body: bytes
) -> None:
    """
    Also when the request was refused at its head and its body came afterwards.
    """
    repeated = b"Authorization: Basic YTpi\r\n" * 2
    length = b"Content-Length: %d\r\n\r\n" % len(body)

    said, events, seconds = converse(tmp_path / "data", protocol, saying(HEAD + repeated + length, 1.0, body))

    assert said.startswith(b"HTTP/1.1 400")
    assert ["A header that may stand once is repeated."] == reasons(events)
    assert KEEP_ALIVE_SECONDS + (1 if body else 0) == round(seconds, 6)
