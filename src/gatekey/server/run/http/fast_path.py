"""
The fast path of a token request: from its last byte to its answer in one call.

A token request is small, arrives whole, and its answer waits for nothing. So its protocol needs no task, no queue of
messages and no timeout object, which together cost more than an ES256 signature. Everything else goes through ASGI.
Both ask the same endpoint, and the same tests run over both.
"""

from http import HTTPStatus
from typing import Any

from gatekey.http.asgi import TOO_LARGE, Headers, ended_early, too_large, too_slow
from gatekey.oauth.fields import BODY_LIMIT, JSON
from gatekey.server.api.oauth.endpoint import Answer, Entry, Head, body_refused
from gatekey.server.api.oauth.limit_answers import PROBLEM
from gatekey.server.api.oauth.token_endpoint import TokenEndpoint
from gatekey.server.run.http.server import BoundedProtocol
from gatekey.server.run.http.tick import Tick

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
FIXED_HEADERS = b"content-type: application/json\r\ncache-control: no-store\r\npragma: no-cache\r\n"
PROBLEM_HEADERS = FIXED_HEADERS.replace(JSON.encode(), PROBLEM.encode())
CLOSES = (b"connection", b"close")


class TokenProtocol(BoundedProtocol):
    """Answers token requests itself and leaves all others to uvicorn."""

    def __init__(self, *arguments: Any, tick: Tick | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._tick = tick
        self._endpoint: TokenEndpoint | None = None
        self._ours = False
        self._entry = Entry(Head("", "", b"", ()))
        self._body = b""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell of a client that left before its request was whole; it counted."""
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            endpoint.respond(self._entry, b"", body_refused(ended_early()))
        super().connection_lost(exc)

    def on_head(self) -> None:
        """Take the request if it is one for us, or hand it on."""
        self._endpoint, self._body = self._takes(), b""
        self._ours = self._endpoint is not None
        if self._endpoint is None:
            super().on_head()
            return
        self.head_is_read(body_follows=True)
        if self._tick is not None and self.scheme == "http":  # over TLS, bytes may have been read ticks before
            self._tick.join(self.loop)
        self._entry = self._endpoint.enter(Head(self.caller(), "POST", b"", self.headers))

    def data_received(self, data: bytes) -> None:
        """
        Answer a request that is refused by its head as soon as all that came with it is parsed: who may not ask is
        never waited for, but what is here already may say who it is.
        """
        super().data_received(data)
        self._refuse_if_closed()

    def refuse_bytes(self, status: HTTPStatus, text: str) -> None:
        """Answer what stands before bytes that make no sense."""
        self._refuse_if_closed()
        super().refuse_bytes(status, text)

    def on_body(self, body: bytes) -> None:
        """
        Collect the body of our request; one that is too large is answered at
        once, that of an answered one dropped.
        """
        if self._endpoint is not None:
            self._body += body
            if len(self._body) > BODY_LIMIT:
                self._finish(body_refused(too_large(BODY_LIMIT), TOO_LARGE))
        elif not self._ours and self.cycle is not None:
            super().on_body(body)

    def on_message(self) -> None:
        """Answer our request."""
        if self._endpoint is not None:
            self._finish(None)
        elif self.transport.is_closing():
            return
        elif self._ours:
            self.wait_for_the_next()
        elif self.cycle is not None:
            super().on_message()

    def too_slow(self) -> None:
        """Refuse a body that trickles."""
        if self._endpoint is not None:
            self._finish(body_refused(too_slow()))
        super().too_slow()

    def _refuse_if_closed(self) -> None:
        if self._endpoint is not None and self._entry.closed:
            self._body = b""  # the rest of it is not here
            self._finish(None)

    def _takes(self) -> TokenEndpoint | None:
        # Only a request that nothing stands before: pipelined ones wait their turn in uvicorn's queue.
        if self.cycle is not None and not self.cycle.response_complete:
            return None
        if self.parser.get_method() != b"POST" or self.expect_100_continue:
            return None
        return self.application.fast_path.get(self.url)

    def _finish(self, refused: Answer | None) -> None:
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is None or self.transport.is_closing():
            return
        answer, limits = endpoint.respond(self._entry, self._body, refused)
        self._body = b""
        stays = self.parser.should_keep_alive() and CLOSES not in answer.headers
        self.transport.write(encode_answer(answer, (*self.server_state.default_headers, *limits), stays=stays))
        self.server_state.total_requests += 1
        if stays:
            self.wait_for_the_next()
        else:
            self.transport.close()


def encode_answer(answer: Answer, further_headers: Headers, *, stays: bool) -> bytes:
    """Return the bytes of an answer; `stays` says whether the connection does."""
    closing = () if stays or CLOSES in answer.headers else (CLOSES,)
    headers = [b"%b: %b\r\n" % pair for pair in (*further_headers, *answer.headers, *closing)]
    return b"%b%bcontent-length: %d\r\n%b\r\n%b" % (
        STATUS_LINES[answer.status],
        b"".join(headers),
        len(answer.body),
        PROBLEM_HEADERS if answer.is_problem else FIXED_HEADERS,
        answer.body,
    )
