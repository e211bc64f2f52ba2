"""
Tokens in grpcio's channels of both kinds, against a real gRPC server.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

import grpc
import pytest

from gatekey import AsyncTokenSource, TokenSource
from gatekey.client.integrations.grpc import TokenInterceptor, call_credentials
from gatekey.client.integrations.grpc_aio import interceptors
from support.token_server import REFUSED, TokenServer, token_serving


@dataclass
class Api(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc ships no types
    """
    Echoes messages in all four kinds of call, to whoever has a token that it takes.
    """

    accepts: Callable[[str], grpc.StatusCode] = lambda _: grpc.StatusCode.OK
    tokens: list[str] = field(default_factory=list)
    address: str = ""

    def service(self, details: Any) -> Any:
        handlers: dict[str, Any] = {
            "/api/UnaryUnary": grpc.unary_unary_rpc_method_handler(self._one),
            "/api/UnaryStream": grpc.unary_stream_rpc_method_handler(self._many),
            "/api/StreamUnary": grpc.stream_unary_rpc_method_handler(self._joined),
            "/api/StreamStream": grpc.stream_stream_rpc_method_handler(self._each),
        }
        return handlers[details.method]

    def _check(self, context: grpc.ServicerContext) -> None:
        metadata: dict[str, Any] = dict(context.invocation_metadata())
        token = metadata.get("authorization", "none").removeprefix("Bearer ")
        self.tokens.append(token)
        status = self.accepts(token)
        if status is not grpc.StatusCode.OK:
            context.abort(status, "no")

    def _one(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self._check(context)
        return request

    def _many(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        self._check(context)
        for _ in range(3):
            yield request

    def _joined(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        self._check(context)
        return b"".join(requests)

    def _each(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        self._check(context)
        yield from requests


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with token_serving() as serving:
        yield serving


@pytest.fixture
def api() -> Iterator[Api]:
    with ThreadPoolExecutor(4) as threads:
        listening = grpc.server(threads)
        handler = Api()
        listening.add_generic_rpc_handlers((handler,))
        handler.address = f"localhost:{listening.add_insecure_port('localhost:0')}"
        listening.start()
        yield handler
        listening.stop(0).wait()


Call = Callable[[str], Any]
"""Makes a call of a kind and returns what it brings: a message or a list of them."""


def by_threads(address: str, server: TokenServer) -> Call:
    source = TokenSource(**server.options())

    def call(kind: str) -> Any:
        with grpc.insecure_channel(address) as plain:
            channel: Any = grpc.intercept_channel(plain, TokenInterceptor(source))
            match kind:
                case "UnaryUnary":
                    return channel.unary_unary("/api/UnaryUnary")(b"a", timeout=30)
                case "UnaryStream":
                    return list(channel.unary_stream("/api/UnaryStream")(b"a", timeout=30))
                case "StreamUnary":
                    return channel.stream_unary("/api/StreamUnary")(iter([b"a", b"b"]), timeout=30)
                case _:
                    return list(channel.stream_stream("/api/StreamStream")(iter([b"a", b"b"]), timeout=30))

    return call


def by_event_loop(address: str, server: TokenServer) -> Call:
    source = AsyncTokenSource(**server.options())

    async def call(kind: str) -> Any:
        async with grpc.aio.insecure_channel(address, interceptors=interceptors(source)) as opened:
            channel: Any = opened
            match kind:
                case "UnaryUnary":
                    return await channel.unary_unary("/api/UnaryUnary")(b"a", timeout=30)
                case "UnaryStream":
                    return [one async for one in channel.unary_stream("/api/UnaryStream")(b"a", timeout=30)]
                case "StreamUnary":
                    return await channel.stream_unary("/api/StreamUnary")(iter([b"a", b"b"]), timeout=30)
                case _:
                    stream = channel.stream_stream("/api/StreamStream")(iter([b"a", b"b"]), timeout=30)
                    return [one async for one in stream]

    return lambda kind: asyncio.run(call(kind))


EXPECTED = {"UnaryUnary": b"a", "UnaryStream": [b"a"] * 3, "StreamUnary": b"ab", "StreamStream": [b"a", b"b"]}
both_colours = pytest.mark.parametrize("colour", [by_threads, by_event_loop])


def status_of(call: Call, kind: str) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        call(kind)
    error: Any = caught.value  # every RpcError that is raised is a call too
    code: grpc.StatusCode = error.code()
    return code


def said(status: grpc.StatusCode, colour: Callable[[str, TokenServer], Call], kind: str) -> set[grpc.StatusCode]:
    """
    What a caller may read of the API's `status`: grpc.aio says INTERNAL where it was still sending to an ended stream.
    """
    still_sending = colour is by_event_loop and kind.startswith("Stream")
    return {status, grpc.StatusCode.INTERNAL} if still_sending else {status}


@both_colours
def test_a_token_is_on_every_kind_of_call_and_asked_for_once(
    colour: Callable[[str, TokenServer], Call], server: TokenServer, api: Api
) -> None:
    call = colour(api.address, server)

    assert EXPECTED == {kind: call(kind) for kind in EXPECTED}
    assert ["t1"] * 4 == api.tokens
    assert 1 == len(server.token_requests)


@both_colours
@pytest.mark.parametrize("kind", ["UnaryUnary", "UnaryStream"])
def test_after_unauthenticated_the_call_is_made_once_more_with_another_token(
    colour: Callable[[str, TokenServer], Call], server: TokenServer, api: Api, kind: str
) -> None:
    api.accepts = lambda token: grpc.StatusCode.UNAUTHENTICATED if token == "t1" else grpc.StatusCode.OK

    assert EXPECTED[kind] == colour(api.address, server)(kind)
    assert ["t1", "t2"] == api.tokens
    assert 2 == len(server.token_requests)


@both_colours
@pytest.mark.parametrize("kind", EXPECTED)
def test_after_permission_denied_nothing_is_renewed_and_nothing_repeated(
    colour: Callable[[str, TokenServer], Call], server: TokenServer, api: Api, kind: str
) -> None:
    api.accepts = lambda _: grpc.StatusCode.PERMISSION_DENIED

    assert status_of(colour(api.address, server), kind) in said(grpc.StatusCode.PERMISSION_DENIED, colour, kind)
    assert ["t1"] == api.tokens
    assert 1 == len(server.token_requests)


@both_colours
@pytest.mark.parametrize("kind", ["StreamUnary", "StreamStream"])
def test_a_stream_of_requests_is_sent_once_only(
    colour: Callable[[str, TokenServer], Call], server: TokenServer, api: Api, kind: str
) -> None:
    api.accepts = lambda _: grpc.StatusCode.UNAUTHENTICATED

    assert status_of(colour(api.address, server), kind) in said(grpc.StatusCode.UNAUTHENTICATED, colour, kind)
    assert ["t1"] == api.tokens


@both_colours
@pytest.mark.parametrize("kind", ["UnaryUnary", "UnaryStream"])
def test_an_api_that_takes_no_token_costs_one_renewal_and_not_one_for_each_call(
    colour: Callable[[str, TokenServer], Call], server: TokenServer, api: Api, kind: str
) -> None:
    api.accepts = lambda _: grpc.StatusCode.UNAUTHENTICATED
    call = colour(api.address, server)

    assert [grpc.StatusCode.UNAUTHENTICATED] * 5 == [status_of(call, kind) for _ in range(5)]
    assert 2 == len(server.token_requests)
    assert 6 == len(api.tokens)


@both_colours
def test_an_api_that_refuses_and_a_token_endpoint_that_refuses_leave_the_apis_answer(
    colour: Callable[[str, TokenServer], Call], server: TokenServer, api: Api
) -> None:
    api.accepts = lambda _: grpc.StatusCode.UNAUTHENTICATED
    call = colour(api.address, server)
    status_of(call, "StreamUnary")
    server.answers = iter([REFUSED])

    assert grpc.StatusCode.UNAUTHENTICATED is status_of(call, "UnaryUnary")


def test_a_call_without_waiting_is_made_again_when_its_result_is_asked_for(server: TokenServer, api: Api) -> None:
    api.accepts = lambda token: grpc.StatusCode.UNAUTHENTICATED if token == "t1" else grpc.StatusCode.OK
    ended = threading.Event()
    with grpc.insecure_channel(api.address) as plain:
        channel: Any = grpc.intercept_channel(plain, TokenInterceptor(TokenSource(**server.options())))
        call = channel.unary_unary("/api/UnaryUnary").future(b"a", timeout=30)
        call.add_done_callback(lambda _: ended.set())

        assert b"a" == call.result(timeout=30)
        assert grpc.StatusCode.OK is call.code()
        assert ended.wait(30)
    assert ["t1", "t2"] == api.tokens


@pytest.mark.parametrize("accepted", [{"t2"}, set()])
def test_a_callback_may_ask_for_the_result_in_the_channels_own_thread(
    server: TokenServer, api: Api, accepted: set[str]
) -> None:
    api.accepts = lambda token: grpc.StatusCode.OK if token in accepted else grpc.StatusCode.UNAUTHENTICATED
    codes: Queue[grpc.StatusCode] = Queue()
    with grpc.insecure_channel(api.address) as plain:
        channel: Any = grpc.intercept_channel(plain, TokenInterceptor(TokenSource(**server.options())))
        call = channel.unary_unary("/api/UnaryUnary").future(b"a", timeout=30)
        call.add_done_callback(lambda done: codes.put(grpc.StatusCode.OK if not done.exception() else done.code()))
        if not call.add_callback(lambda: codes.put(call.code())):  # it has ended already: then nobody is called
            codes.put(call.code())

        assert {api.accepts("t2")} == {codes.get(timeout=30), codes.get(timeout=30)}
    assert ["t1", "t2"] == api.tokens


def test_call_credentials_put_a_token_on_a_channel_that_takes_no_interceptors(server: TokenServer) -> None:
    handler = Api()
    with ThreadPoolExecutor(2) as threads:
        listening = grpc.server(threads)
        listening.add_generic_rpc_handlers((handler,))
        port = listening.add_secure_port("localhost:0", grpc.local_server_credentials())
        listening.start()
        both = grpc.composite_channel_credentials(
            grpc.local_channel_credentials(), call_credentials(TokenSource(**server.options()))
        )
        with grpc.secure_channel(f"localhost:{port}", both) as opened:
            channel: Any = opened
            assert b"a" == channel.unary_unary("/api/UnaryUnary")(b"a", timeout=30)
        listening.stop(0).wait()

    assert ["t1"] == handler.tokens
