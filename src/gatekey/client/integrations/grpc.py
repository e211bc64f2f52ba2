"""
Tokens in grpcio: `grpc.intercept_channel(channel, TokenInterceptor(TokenSource()))`.

For grpcio's asyncio channels see `grpc_aio`.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import grpc

from gatekey.client.integrations.replacement import replacement
from gatekey.client.token import Token, TokenProvider

AUTHORIZATION = "authorization"
"""Lower case, as gRPC demands of metadata."""


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: tuple[tuple[str, str | bytes], ...] | None
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _CallDetails(_Details, grpc.ClientCallDetails):
    """The details of a call, with a token among its metadata."""


def authorized(details: grpc.ClientCallDetails, token: Token) -> grpc.ClientCallDetails:
    """Return the details with the token in their metadata."""
    others = tuple(pair for pair in details.metadata or () if pair[0] != AUTHORIZATION)
    metadata = (*others, (AUTHORIZATION, token.authorization.reveal()))
    return _CallDetails(
        details.method,
        details.timeout,
        metadata,
        details.credentials,
        getattr(details, "wait_for_ready", None),
        getattr(details, "compression", None),
    )


def call_credentials(source: TokenProvider) -> grpc.CallCredentials:
    """
    Return credentials that put a token on every call of a TLS channel; for libraries that take no interceptors.

    They cannot see an answer: only an interceptor exchanges a token that the API refuses.
    """

    class Plugin(grpc.AuthMetadataPlugin):
        def __call__(self, _: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback) -> None:
            try:
                token = source.token()
            except Exception as error:  # noqa: BLE001 - gRPC must hear of whatever it is, or the call hangs
                callback((), error)
            else:
                callback(((AUTHORIZATION, token.authorization.reveal()),), None)

    return grpc.metadata_call_credentials(Plugin(), name="gatekey")


class TokenInterceptor(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """
    Puts a token on every call, and after UNAUTHENTICATED makes the call once more with another.

    Calls whose request is a stream are made once, for the stream is used up; so are response streams that have begun.
    """

    def __init__(self, source: TokenProvider) -> None:
        self._source = source

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Make a call with one message each way."""
        return self._repeatable(continuation, client_call_details, request)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Make a call that is answered by a stream."""
        return self._repeatable(continuation, client_call_details, request)

    def intercept_stream_unary(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        """Make a call that sends a stream."""
        return continuation(authorized(client_call_details, self._source.token()), request_iterator)

    def intercept_stream_stream(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        """Make a call with streams both ways."""
        return continuation(authorized(client_call_details, self._source.token()), request_iterator)

    def _repeatable(self, continuation: Any, details: Any, request: Any) -> Any:
        token = self._source.token()
        call = continuation(authorized(details, token), request)

        def again() -> Any:
            other = replacement(self._source, token)
            return continuation(authorized(details, other), request) if other else None

        return _RepeatableCall(call, again)


class _RepeatableCall(grpc.Call, grpc.Future):  # type: ignore[type-arg] # generic in its stubs alone
    """
    A call, response future and response stream in one, as grpcio's own are, that is made again when its end is asked
    for and that end is UNAUTHENTICATED. Until then it costs nothing and blocks nobody.
    """

    def __init__(self, call: Any, again: Callable[[], Any]) -> None:
        self._call = call
        self._again: Callable[[], Any] | None = again
        self._guard = threading.Lock()

    def _settle(self) -> Any:
        """Wait for the end of the call and return the one that counts."""
        with self._guard:
            if self._again and self._call.code() is grpc.StatusCode.UNAUTHENTICATED:
                self._call = self._again() or self._call
            self._again = None
            return self._call

    def _after_the_end(self, then: Callable[[], Any]) -> None:
        """
        Do `then` when nothing follows any more. The channel's own thread calls this: it must not wait for a token, nor
        for another call, whose answer it would be the one to bring.
        """
        if self._again is None or self._call.code() is not grpc.StatusCode.UNAUTHENTICATED:
            then()
            return

        def settle() -> None:
            try:
                self._settle().add_done_callback(lambda _: then())
            except Exception:  # noqa: BLE001 - a transport of the user's own; the callback is owed all the same
                self._again = None
                then()

        threading.Thread(target=settle, name="gatekey-grpc", daemon=True).start()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._again is None:
            return next(self._call)
        try:
            message = next(self._call)
        except grpc.RpcError:
            return next(self._settle())
        self._again = None  # it has begun: what was received cannot be received again
        return message

    def result(self, timeout: float | None = None) -> Any:
        """Return the response, within `timeout` seconds. Raises `grpc.RpcError` and `grpc.FutureTimeoutError`."""
        if self._again and self._call.exception(timeout) is not None:
            return self._settle().result(timeout)
        return self._call.result(timeout)

    def exception(self, timeout: float | None = None) -> Any:
        """Return the error of the call, within `timeout` seconds; None where it succeeded."""
        if self._again and self._call.exception(timeout) is not None:
            return self._settle().exception(timeout)
        return self._call.exception(timeout)

    def traceback(self, timeout: float | None = None) -> Any:
        """Return the traceback of the call's error."""
        self.exception(timeout)
        return self._call.traceback(timeout)

    def code(self) -> Any:
        """Return the status of the call, when it has ended."""
        return self._settle().code()

    def details(self) -> Any:
        """Return the words of the status."""
        return self._settle().details()

    def trailing_metadata(self) -> Any:
        """Return what came after the response."""
        return self._settle().trailing_metadata()

    def initial_metadata(self) -> Any:
        """Return what came before the response."""
        return self._call.initial_metadata()

    def add_done_callback(self, fn: Callable[[Any], Any]) -> None:
        """Have `fn` called with this call when it has ended, for the second time where it is made again."""
        self._call.add_done_callback(lambda _: self._after_the_end(lambda: fn(self)))

    def add_callback(self, callback: Callable[[], Any]) -> bool:
        """Have `callback` called when the call has ended; False where it has already."""
        return bool(self._call.add_callback(lambda: self._after_the_end(callback)))

    def is_active(self) -> bool:
        """Whether the call has not ended."""
        return bool(self._call.is_active())

    def time_remaining(self) -> float:
        """Return the seconds until its deadline; None without one."""
        remaining: float = self._call.time_remaining()
        return remaining

    def cancel(self) -> bool:
        """End the call."""
        self._again = None
        return bool(self._call.cancel())

    def cancelled(self) -> bool:
        """Whether somebody ended it."""
        return bool(self._call.cancelled())

    def running(self) -> bool:
        """Whether it has not ended."""
        return bool(self._call.running())

    def done(self) -> bool:
        """Whether it has ended."""
        return bool(self._call.done())
