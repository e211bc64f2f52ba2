"""The flow of httpx's authentication, for httpx and httpx2: each refuses the other's classes, but both drive this."""

from collections.abc import AsyncGenerator, Generator, MutableMapping
from inspect import iscoroutinefunction
from typing import ClassVar, Generic, Protocol, TypeGuard, TypeVar

from gatekey.client.integrations.replacement import UNAUTHORIZED, replacement, replacement_async
from gatekey.client.token import AsyncTokenProvider, Token, TokenProvider
from gatekey.errors import ConfigurationError


class HttpxRequest(Protocol):
    """What is used of a request."""

    @property
    def headers(self) -> MutableMapping[str, str]:
        """Its headers, to be changed."""

    @property
    def stream(self) -> object:
        """Its body."""


class HttpxResponse(Protocol):
    """What is used of a response."""

    @property
    def status_code(self) -> int:
        """Its status."""

    @property
    def request(self) -> HttpxRequest:
        """The request that it answers: after a redirect another than the first."""

    def read(self) -> bytes:
        """Read it to its end, so that the connection can be used again."""

    async def aread(self) -> bytes:
        """Do the same, awaited."""


RequestT = TypeVar("RequestT", bound=HttpxRequest)
ResponseT = TypeVar("ResponseT", bound=HttpxResponse)


class AuthFlow(Generic[RequestT, ResponseT]):
    """
    Puts a token on every request, and after a 401 sends it once more with another.

    A `TokenSource` is for `Client`, an `AsyncTokenSource` for `AsyncClient`. A body that is a stream is sent once only.
    Redirects to another host go without the token.
    """

    repeatable: ClassVar[type]
    """The library's class of bodies that can be sent again: bytes can, what came from a generator cannot."""

    def __init__(self, source: TokenProvider | AsyncTokenProvider) -> None:
        self._source = source

    def sync_auth_flow(self, request: RequestT) -> Generator[RequestT, ResponseT, None]:
        """Yield the request with a token, once or twice. Raises the errors of `TokenSource.token`."""
        if not gives_now(self._source):
            raise ConfigurationError("A Client cannot await.", hint="Give it a TokenSource.")
        token = self._source.token()
        _authorize(request, token)
        response = yield request
        if self._about(token, request, response):
            other = replacement(self._source, token)
            if other:
                response.read()
                _authorize(request, other)
                yield request

    async def async_auth_flow(self, request: RequestT) -> AsyncGenerator[RequestT, ResponseT]:
        """Yield the request with a token, once or twice. Raises the errors of `AsyncTokenSource.token`."""
        if not is_awaited(self._source):
            raise ConfigurationError("An AsyncClient must not be kept waiting.", hint="Give it an AsyncTokenSource.")
        token = await self._source.token()
        _authorize(request, token)
        response = yield request
        if self._about(token, request, response):
            other = await replacement_async(self._source, token)
            if other:
                await response.aread()
                _authorize(request, other)
                yield request

    def _about(self, token: Token, request: RequestT, response: ResponseT) -> bool:
        """
        Whether the answer refuses this token, and the body can be sent again.

        After a redirect to another host the library has taken the token off: then the refusal is not about it.
        """
        carried = response.request.headers.get("Authorization") == token.authorization.reveal()
        return response.status_code == UNAUTHORIZED and carried and isinstance(request.stream, self.repeatable)


def is_awaited(source: TokenProvider | AsyncTokenProvider) -> TypeGuard[AsyncTokenProvider]:
    """Whether tokens of a source are awaited."""
    return iscoroutinefunction(source.token)


def gives_now(source: TokenProvider | AsyncTokenProvider) -> TypeGuard[TokenProvider]:
    """Whether a source returns its tokens."""
    return not is_awaited(source)


def _authorize(request: HttpxRequest, token: Token) -> None:
    request.headers["Authorization"] = token.authorization.reveal()
