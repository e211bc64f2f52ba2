"""Tokens in aiohttp: `ClientSession(middlewares=[token_middleware(AsyncTokenSource(), "https://api.example.com")])`."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import ClientRequest, ClientResponse
from aiohttp.payload import BytesPayload
from yarl import URL

from gatekey.client.integrations.replacement import UNAUTHORIZED, replacement_async
from gatekey.client.token import AsyncTokenProvider

Handler: TypeAlias = Callable[[ClientRequest], Awaitable[ClientResponse]]
Middleware: TypeAlias = Callable[[ClientRequest, Handler], Awaitable[ClientResponse]]


def token_middleware(source: AsyncTokenProvider, *origins: str) -> Middleware:
    """
    Return a middleware that puts a token on every request to one of the `origins` (URLs; only scheme, host and port
    count), and after a 401 sends it once more with another. A body that is a stream is sent once only.

    The origins must be named because aiohttp shows redirects to a middleware as if they were the application's own
    requests: without them a redirect could carry the token anywhere.
    """
    allowed = frozenset(URL(origin).origin() for origin in origins)

    async def middleware(request: ClientRequest, handler: Handler) -> ClientResponse:
        if request.url.origin() not in allowed:
            return await handler(request)
        token = await source.token()
        request.headers["Authorization"] = token.authorization.reveal()
        response = await handler(request)
        if response.status != UNAUTHORIZED or not _repeatable(request):
            return response
        other = await replacement_async(source, token)
        if other is None:
            return response
        response.release()
        request.headers["Authorization"] = other.authorization.reveal()
        return await handler(request)

    return middleware


def _repeatable(request: ClientRequest) -> bool:
    """Whether the body can be sent again: bytes, text and JSON can."""
    return not request.body or isinstance(request.body, bytes | BytesPayload)
