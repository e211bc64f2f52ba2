"""
Tokens in httpx2: `httpx2.Client(auth=TokenAuth(TokenSource()))`, and the same for `AsyncClient`.
"""

from collections.abc import AsyncGenerator, Generator

import httpx2

from gatekey.client.aio import AsyncTokenSource
from gatekey.client.integrations.replacement import UNAUTHORIZED, replacement, replacement_async
from gatekey.client.source import TokenSource
from gatekey.client.token import Token
from gatekey.errors import ConfigurationError


class TokenAuth(httpx2.Auth):
    """
    Puts a token on every request, and after a 401 sends it once more with another.

    A `TokenSource` is for `Client`, an `AsyncTokenSource` for `AsyncClient`. A body that is a stream is sent once only.
    Redirects to another host go without the token.
    """

    def __init__(self, source: TokenSource | AsyncTokenSource) -> None:
        self._source = source

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """
        Yield the request with a token, once or twice. Raises the errors of `TokenSource.token`.
        """
        if not isinstance(self._source, TokenSource):
            raise ConfigurationError("A Client cannot await.", hint="Give it a TokenSource.")
        token = self._source.token()
        _authorize(request, token)
        response = yield request
        if _about(token, request, response):
            other = replacement(self._source, token)
            if other:
                response.read()
                _authorize(request, other)
                yield request

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """
        Yield the request with a token, once or twice. Raises the errors of `AsyncTokenSource.token`.
        """
        if not isinstance(self._source, AsyncTokenSource):
            raise ConfigurationError("An AsyncClient must not be kept waiting.", hint="Give it an AsyncTokenSource.")
        token = await self._source.token()
        _authorize(request, token)
        response = yield request
        if _about(token, request, response):
            other = await replacement_async(self._source, token)
            if other:
                await response.aread()
                _authorize(request, other)
                yield request


def _authorize(request: httpx2.Request, token: Token) -> None:
    request.headers["Authorization"] = token.authorization.reveal()


def _about(token: Token, request: httpx2.Request, response: httpx2.Response) -> bool:
    """
    Whether the answer refuses this token, and the body can be sent again: bytes can, what came from a generator cannot.

    After a redirect to another host httpx2 has taken the token off: then the refusal is not about it.
    """
    carried = response.request.headers.get("Authorization") == token.authorization.reveal()
    return response.status_code == UNAUTHORIZED and carried and isinstance(request.stream, httpx2.ByteStream)
