from collections.abc import Iterator

import pytest

from gatekey.client.drive import drive
from gatekey.client.flow import Flow, Sleep, send
from gatekey.client.obstacle import Obstacle, TransportFailure
from gatekey.wire.http import HttpRequest, HttpResponse

REQUEST = HttpRequest("GET", "http://localhost/")


def twice() -> Flow[int]:
    try:
        yield from send(REQUEST)
    except TransportFailure:
        yield Sleep(2.5)
    response = yield from send(REQUEST)
    return response.status


def test_a_driver_performs_every_step_and_throws_failures_into_the_flow() -> None:
    replies: Iterator[TransportFailure | HttpResponse]
    replies = iter([TransportFailure(Obstacle.DROPPED), HttpResponse(204)])
    slept: list[float] = []

    def transport(request: HttpRequest) -> HttpResponse:
        assert REQUEST == request
        reply = next(replies)
        if isinstance(reply, TransportFailure):
            raise reply
        return reply

    assert 204 == drive(twice(), transport, slept.append)
    assert [2.5] == slept


def test_what_a_flow_raises_comes_out_of_the_driver() -> None:
    def transport(request: HttpRequest) -> HttpResponse:
        raise TransportFailure(Obstacle.REFUSED, request.method)

    with pytest.raises(TransportFailure, match="nothing accepts connections there \\(GET\\)"):
        drive(send(REQUEST), transport, lambda _: None)
