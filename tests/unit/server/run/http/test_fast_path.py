"""
The bytes of an answer, read back by another implementation of HTTP.
"""

from http import HTTPStatus
from typing import Any

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.api.oauth.endpoint import Answer
from gatekey.server.run.http.fast_path import encode_answer

FIXED = [("content-type", "application/json"), ("cache-control", "no-store"), ("pragma", "no-cache")]
CLOSES = (b"connection", b"close")
DATE = [(b"date", b"Mon, 23 Nov 2026 07:00:00 GMT")]

names = st.from_regex(r"x-[a-z]{1,10}", fullmatch=True).map(str.encode)
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1).map(str.encode)
headers = st.lists(st.tuples(names, values), max_size=4)
statuses = st.sampled_from([status.value for status in HTTPStatus if status >= HTTPStatus.OK])


class Reading:
    """
    What httptools finds in an answer.
    """

    def __init__(self, sent: bytes) -> None:
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.complete = False
        self.stays = False
        self._parser: Any = httptools.HttpResponseParser(self)
        self._parser.feed_data(sent)
        self.status: int = self._parser.get_status_code()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode(), value.decode()))

    def on_headers_complete(self) -> None:
        self.stays = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True


def text(pairs: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode()) for name, value in pairs]


@given(
    status=st.sampled_from([200, 400, 401, 403, 405, 429, 503]),
    default=headers,
    own=headers,
    body=st.binary(min_size=1),
    stays=st.booleans(),
)
def test_an_answer_says_what_it_was_given_and_what_all_say(
    status: int, default: list[tuple[bytes, bytes]], own: list[tuple[bytes, bytes]], body: bytes, *, stays: bool
) -> None:
    reading = Reading(encode_answer(Answer(status, body, tuple(own)), default, stays=stays))
    closing = [] if stays else [("connection", "close")]
    length = [("content-length", str(len(body)))]

    assert [*text(default), *text(own), *closing, *length, *FIXED] == reading.headers
    assert (status, body, True, stays) == (reading.status, reading.body, reading.complete, reading.stays)


@given(statuses)
def test_every_status_has_its_words(status: int) -> None:
    sent = encode_answer(Answer(status, b"{}"), DATE, stays=True)

    assert sent.startswith(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ndate: ".encode())


@pytest.mark.parametrize("stays", [True, False])
def test_that_the_connection_ends_is_said_once(*, stays: bool) -> None:
    sent = encode_answer(Answer(400, b"{}", (CLOSES,)), DATE, stays=stays)

    assert 1 == sent.count(b"connection: close\r\n")
