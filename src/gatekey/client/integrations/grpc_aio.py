"""
Tokens in grpcio's asyncio channels: `grpc.aio.secure_channel(…, interceptors=interceptors(AsyncTokenSource()))`.

This is how pyzeebe shares tokens: its `ZeebeClient` and `ZeebeWorker` take any such channel.
"""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc.aio import (
    ClientCallDetails,
    ClientInterceptor,
    Metadata,
    StreamStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    UnaryStreamClientInterceptor,
    UnaryUnaryClientInterceptor,
)

from gatekey.client.integrations.replacement import replacement_async
from gatekey.client.token import AsyncTokenProvider, Token

AUTHORIZATION = "authorization"
"""Lower case, as gRPC demands of metadata."""


def interceptors(source: AsyncTokenProvider) -> list[ClientInterceptor]:
    """
    Return interceptors for every kind of call: each puts a token on it, and after UNAUTHENTICATED makes it once more
    with another. Calls whose request is a stream are made once, and so are response streams that have begun.
    """
    return [_UnaryUnary(source), _UnaryStream(source), _StreamUnary(source), _StreamStream(source)]


def authorized(details: ClientCallDetails, token: Token) -> ClientCallDetails:
    """Return the details with the token in their metadata."""
    others = (pair for pair in details.metadata or () if pair[0] != AUTHORIZATION)
    metadata = Metadata(*others, (AUTHORIZATION, token.authorization.reveal()))
    return ClientCallDetails(details.method, details.timeout, metadata, details.credentials, details.wait_for_ready)


class _UnaryUnary(UnaryUnaryClientInterceptor):
    def __init__(self, source: AsyncTokenProvider) -> None:
        self._source = source

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        token = await self._source.token()
        call = await continuation(authorized(client_call_details, token), request)
        if await call.code() is not grpc.StatusCode.UNAUTHENTICATED:
            return call
        other = await replacement_async(self._source, token)
        return await continuation(authorized(client_call_details, other), request) if other else call


class _UnaryStream(UnaryStreamClientInterceptor):
    def __init__(self, source: AsyncTokenProvider) -> None:
        self._source = source

    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        token = await self._source.token()
        call = await continuation(authorized(client_call_details, token), request)

        async def messages() -> AsyncIterator[Any]:
            begun = False
            try:
                async for message in call:
                    begun = True
                    yield message
            except grpc.aio.AioRpcError as error:
                refused = error.code() is grpc.StatusCode.UNAUTHENTICATED and not begun
                other = await replacement_async(self._source, token) if refused else None
                if other is None:
                    raise
            else:
                return
            second = await continuation(authorized(client_call_details, other), request)
            async for message in second:
                yield message

        return messages()


class _StreamUnary(StreamUnaryClientInterceptor):
    def __init__(self, source: AsyncTokenProvider) -> None:
        self._source = source

    async def intercept_stream_unary(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        token = await self._source.token()
        return await continuation(authorized(client_call_details, token), request_iterator)


class _StreamStream(StreamStreamClientInterceptor):
    def __init__(self, source: AsyncTokenProvider) -> None:
        self._source = source

    async def intercept_stream_stream(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        token = await self._source.token()
        return await continuation(authorized(client_call_details, token), request_iterator)
