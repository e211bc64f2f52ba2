import asyncio
from collections.abc import Iterator

import pytest

from gatekey.client.acquire import Flow, Reply, Send, Sleep, Step
from gatekey.client.failures import TransportError, TransportErrorKind
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.client.runner import drive, drive_async

REQUEST = HttpRequest("GET", "http://localhost/")


def twice() -> Flow[int]:
    try:
        yield Send(REQUEST)
    except TransportError:
        yield Sleep(2.5)
    response = yield Send(REQUEST)
    assert isinstance(response, HttpResponse)
    return response.status


class World:
    """
    Answers the first request with a failure and the second with 204.
    """

    def __init__(self) -> None:
        self.replies: Iterator[TransportError | HttpResponse]
        self.replies = iter([TransportError(TransportErrorKind.DROPPED), HttpResponse(204)])
        self.steps: list[Step] = []

    def perform(self, step: Step) -> Reply:
        self.steps.append(step)
        if isinstance(step, Sleep):
            return None
        reply = next(self.replies)
        if isinstance(reply, TransportError):
            raise reply
        return reply

    async def perform_async(self, step: Step) -> Reply:
        await asyncio.sleep(0)
        return self.perform(step)


EXPECTED = [Send(REQUEST), Sleep(2.5), Send(REQUEST)]


def test_a_driver_performs_every_step_and_throws_failures_into_the_flow() -> None:
    world = World()

    assert 204 == drive(twice(), world.perform)
    assert EXPECTED == world.steps


def test_the_asynchronous_driver_does_the_same() -> None:
    world = World()

    assert 204 == asyncio.run(drive_async(twice(), world.perform_async))
    assert EXPECTED == world.steps


def asked() -> Flow[None]:
    yield Send(REQUEST)


def refuse(_: Step) -> Reply:
    raise TransportError(TransportErrorKind.REFUSED, "GET")


async def refuse_async(step: Step) -> Reply:
    return refuse(step)


def test_what_a_flow_raises_comes_out_of_the_driver() -> None:
    with pytest.raises(TransportError, match="nothing accepts connections there \\(GET\\)"):
        drive(asked(), refuse)
    with pytest.raises(TransportError, match="nothing accepts connections there \\(GET\\)"):
        asyncio.run(drive_async(asked(), refuse_async))
