"""
The token endpoint and those who send slowly, under a clock that jumps: nobody waits ten seconds here.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive

from gatekey.server.app import compose, open_directory
from gatekey.server.auditing.model import Event, TokenAnswered
from gatekey.server.web.plain import BODY_SECONDS
from support.service import Memory, installed


class JumpingClock(selectors.DefaultSelector):
    """
    Where a loop would wait for its next timer, the time is set forward instead.
    """

    ahead = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self.ahead += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = JumpingClock()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.ahead


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
            application = compose(installation, open_directory(installation), memory)
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


@pytest.mark.parametrize("receive", [nothing, trickle(0.1), trickle(3)])
def test_a_body_that_takes_too_long_is_refused_and_the_connection_closed(tmp_path: Path, receive: Receive) -> None:
    sent, events, seconds = post(tmp_path / "data", receive)

    assert [("http.response.start", 400)] == [(m["type"], m["status"]) for m in sent[:1]]
    assert (b"connection", b"close") in sent[0]["headers"]
    assert b"took longer than 10 s" in sent[1]["body"]
    assert [400] == [event.status for event in events if isinstance(event, TokenAnswered)]
    assert BODY_SECONDS == round(seconds, 6)


def test_a_client_that_leaves_is_told_to_the_operator(tmp_path: Path) -> None:
    _, events, seconds = post(tmp_path / "data", leave)

    assert ["The body ended early."] == [event.reason for event in events if isinstance(event, TokenAnswered)]
    assert seconds < BODY_SECONDS
