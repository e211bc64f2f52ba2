"""
Who was refused is known where that costs next to nothing, and nobody waits for a body to know it.
"""

import socket
from collections.abc import Iterator
from itertools import count

import pytest

from gatekey.server.events.model import OAuthAnswered
from support.service import PATIENCE, Caller, Service, eventually, served

ADDRESSES = (f"127.0.3.{number}" for number in count(1))
START = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
BODY = b"client_id=culprit&client_secret=wrong"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """
    Over the fast path: through ASGI a body is not there yet when its head is looked at.
    """
    data = tmp_path_factory.mktemp("refused") / "data"
    with served(data, limit_rate=0.001, limit_burst=1, limit_block_window=3600) as running:
        yield running


@pytest.fixture
def caller(service: Service) -> Caller:
    """
    One that is limited from now on.
    """
    caller = Caller(service.port, next(ADDRESSES))
    assert 401 == caller.ask_token({"client_id": "unknown", "client_secret": "wrong"}).status
    return caller


def told(service: Service, caller: Caller) -> list[str | None]:
    """
    The claimed ids of the refused requests.
    """
    events = [one for one in service.events if isinstance(one, OAuthAnswered) and one.address == caller.address]
    return [one.client_id for one in events if one.status == 429]


def request(body: bytes, length: int | None = None, *headers: bytes) -> bytes:
    lines = [START, b"Content-Length: %d\r\n" % (len(body) if length is None else length), *headers]
    return b"".join((*lines, b"\r\n", body))


def test_a_body_in_the_same_packet_names_the_client(service: Service, caller: Caller) -> None:
    said = caller.say(request(BODY))

    assert said.startswith(b"HTTP/1.1 429")
    assert ["culprit"] == told(service, caller)


def test_a_body_that_is_still_to_come_is_not_waited_for(service: Service, caller: Caller) -> None:
    for sent in (b"", BODY[:20], b"a" * 15_000, b"a" * 60_000):
        said = caller.say(request(sent, 100_000))
        assert said.startswith(b"HTTP/1.1 429")

    assert [None] * 4 == told(service, caller)


def test_a_body_of_over_four_kilobytes_is_not_looked_at(service: Service, caller: Caller) -> None:
    padded = [BODY + b"&x=" + b"y" * (size - len(BODY) - 3) for size in (4096, 4097)]
    for body in padded:
        assert caller.say(request(body)).startswith(b"HTTP/1.1 429")

    assert ["culprit", None] == told(service, caller)


def test_a_body_that_makes_no_sense_changes_nothing(service: Service, caller: Caller) -> None:
    for body in (b"\xff\xfe", b"client_id=a&client_id=b", b"%zz", b"\x00"):
        assert caller.say(request(body)).startswith(b"HTTP/1.1 429")

    assert {None} == set(told(service, caller))


def test_broken_bytes_behind_a_refused_head_are_answered_after_it(service: Service, caller: Caller) -> None:
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE, (caller.address, 0)) as connection:
        connection.sendall(START + b"Transfer-Encoding: chunked\r\n\r\nno length\r\n")
        said = b""
        while chunk := connection.recv(65_536):
            said += chunk

    assert [b"429", b"400"] == [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]]
    assert [None] == told(service, caller)


def test_a_connection_that_was_answered_early_goes_on_with_its_next_request(service: Service, caller: Caller) -> None:
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE, (caller.address, 0)) as connection:
        for number in range(3):
            connection.sendall(request(b"", len(BODY)))
            assert read_answer(connection).startswith(b"HTTP/1.1 429")
            connection.sendall(BODY + request(b"client_id=again%d" % number))
            assert read_answer(connection).startswith(b"HTTP/1.1 429")
    eventually(lambda: len(told(service, caller)) == 6)

    assert [None, "again0", None, "again1", None, "again2"] == told(service, caller)


def test_refused_requests_in_one_packet_are_told_one_by_one(service: Service, caller: Caller) -> None:
    ids = [b"one", b"two", b"three"]
    packet = b"".join(request(b"client_id=" + name) for name in ids) + request(b"", 5, b"Connection: close\r\n")
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE, (caller.address, 0)) as connection:
        connection.sendall(packet)
        said = b""
        while chunk := connection.recv(65_536):
            said += chunk

    assert [b"429"] * 4 == [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]]
    assert ["one", "two", "three", None] == told(service, caller)


def read_answer(connection: socket.socket) -> bytes:
    """
    Read one answer, whole.
    """
    said = b""
    while b"\r\n\r\n" not in said:
        said += connection.recv(65_536)
    head, _, body = said.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(65_536)
    return head + body
