"""The smallest ASGI: reading a bounded body, sending a JSON answer."""

import asyncio
from collections.abc import Sequence

from starlette.types import Message, Receive, Scope, Send

BODY_SECONDS = 10.0
"""A token request's body is one packet; whoever takes longer only holds a connection."""

TOO_LARGE = 413
"""RFC 9110 section 15.5.14."""

Headers = Sequence[tuple[bytes, bytes]]


class BodyRefused(Exception):
    """The body is too large or too slow; the text says which, `status` is HTTP's number for it."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def header(scope: Scope, name: bytes) -> str | None:
    """Return a header's value as Latin-1 text; None when it is missing or, being repeated, means nothing certain."""
    values = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else None


def too_large(limit: int) -> str:
    """Say that a body is larger than `limit` bytes."""
    return f"The body is larger than {limit} bytes."


def too_slow() -> str:
    """Say that a body took longer than `BODY_SECONDS`."""
    return f"The body took longer than {BODY_SECONDS:.0f} s."


def ended_early() -> str:
    """Say that a client left before its body was whole."""
    return "The body ended early."


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the body of at most `limit` bytes. Raises `BodyRefused` beyond, and when it takes over `BODY_SECONDS`."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message: Message = await receive()
                if message["type"] == "http.disconnect":
                    raise BodyRefused(ended_early())
                chunk: bytes = message.get("body", b"")
                body += chunk
                if len(body) > limit:
                    raise BodyRefused(too_large(limit), TOO_LARGE)
                if not message.get("more_body", False):
                    return body
    except TimeoutError:
        raise BodyRefused(too_slow()) from None


async def send_json(
    send: Send, status: int, body: bytes, headers: Headers = (), content_type: bytes = b"application/json"
) -> None:
    """Send a whole JSON answer that nobody may store (RFC 6749 section 5.1)."""
    fixed = (
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"pragma", b"no-cache"),
    )
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})
