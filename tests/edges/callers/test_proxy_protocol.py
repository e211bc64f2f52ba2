"""
The PROXY protocol on the wire: from whom it is taken, in which pieces it may come, and what it opens for nobody.
"""

import itertools
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from gatekey.server.callers.proxy_header import LONGEST_LINE, SIGNATURE
from gatekey.server.events.model import CallerDoubted, OAuthAnswered
from gatekey.server.run.http.proxied import SILENT
from support.product import running_product
from support.service import PATIENCE, PROTOCOLS, Caller, Service, eventually, served

NUMBERS = itertools.count(1)
PROXY = "127.0.0.1"
REQUEST = (
    b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"%bContent-Length: 27\r\n\r\nclient_id=a&client_secret=b"
)
PLAIN = REQUEST % b""


@pytest.fixture(scope="module", params=PROTOCOLS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("proxied") / "data"
    with served(data, request.param, trusted_proxies=[PROXY, "10.9.0.0/16"], proxy_protocol=True) as running:
        yield running


@pytest.fixture
def caller() -> str:
    return f"192.0.2.{next(NUMBERS)}"


def line(caller: str) -> bytes:
    return f"PROXY TCP4 {caller} 127.0.0.1 47011 8400\r\n".encode()


def binary(caller: str, extensions: bytes = b"", command: int = 0x21) -> bytes:
    addresses = socket.inet_aton(caller) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 47_011, 8400)
    return SIGNATURE + struct.pack("!BBH", command, 0x11, len(addresses + extensions)) + addresses + extensions


@contextmanager
def connected(port: int, source: str = PROXY) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def addresses(service: Service, since: int) -> list[str]:
    return [event.address for event in service.events[since:] if isinstance(event, OAuthAnswered)]


def doubts(service: Service) -> list[str]:
    return [event.reason for event in service.events if isinstance(event, CallerDoubted)]


def say(service: Service, text: bytes, source: str = PROXY) -> tuple[bytes, list[str]]:
    """
    Return what was answered, and under which address requests were told meanwhile.
    """
    since = len(service.events)
    answer = Caller(service.port, source).say(text, silence=PATIENCE)
    if answer:
        eventually(lambda: addresses(service, since) or answer.startswith(b"HTTP/1.1 400"))
    return answer[:12], addresses(service, since)


def test_both_versions_name_the_caller(service: Service, caller: str) -> None:
    extensions = b"\x04\x00\x20" + b"x" * 32 + b"\x20\x00\x05\x01\x00\x00\x00\x00"

    for header in (line(caller), binary(caller), binary(caller, extensions), binary(caller, b"\x00" * 4000)):
        assert (b"HTTP/1.1 401", [caller]) == say(service, header + PLAIN)


def test_an_ipv6_caller_is_its_network(service: Service) -> None:
    header = b"PROXY TCP6 2001:db8:1:2:3:4:5:6 ::1 47011 8400\r\n"

    assert (b"HTTP/1.1 401", ["2001:db8:1:2::/64"]) == say(service, header + PLAIN)


def test_every_request_of_a_connection_is_the_callers(service: Service, caller: str) -> None:
    since = len(service.events)
    with connected(service.port) as connection:
        connection.sendall(line(caller))
        for count in range(1, 4):
            connection.sendall(PLAIN)
            eventually(lambda count=count: len(addresses(service, since)) == count)  # type: ignore[misc] # the count of now

    assert [caller] * 3 == addresses(service, since)


@pytest.mark.parametrize("header", [line, binary])
def test_it_may_come_byte_by_byte(service: Service, caller: str, header: object) -> None:
    since = len(service.events)
    assert callable(header)
    with connected(service.port) as connection:
        for byte in header(caller) + PLAIN:
            connection.send(bytes([byte]))
        assert b"HTTP/1.1 401" == connection.recv(12)

    assert [caller] == addresses(service, since)


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN 192.0.2.1 127.0.0.1 1 2\r\n",
        binary("192.0.2.1", command=0x20),
        SIGNATURE + b"\x20\x00\x00\x00",
        SIGNATURE + b"\x21\x00\x00\x00",
        SIGNATURE + b"\x21\x31\x00\xd8" + b"/" * 216,
    ],
)
def test_a_header_that_names_nobody_makes_no_other_header_believed(service: Service, header: bytes) -> None:
    request = REQUEST % b"X-Forwarded-For: 192.0.2.66\r\n"

    assert (b"HTTP/1.1 401", [f"via:{PROXY}"]) == say(service, header + request)


def test_a_trusted_proxy_behind_it_may_use_the_http_header(service: Service, caller: str) -> None:
    request = REQUEST % f"X-Forwarded-For: 192.0.2.66, {caller}\r\n".encode()

    assert (b"HTTP/1.1 401", [caller]) == say(service, line("10.9.0.1") + request)
    assert (b"HTTP/1.1 401", [caller]) == say(service, line(caller) + REQUEST % b"X-Forwarded-For: 192.0.2.66\r\n")


@pytest.mark.parametrize(
    "beginning",
    [
        PLAIN,
        b"\x16\x03\x01\x00\xff",
        b"PROXY TCP4 192.0.2.1 127.0.0.1 1\r\n" + PLAIN,
        b"PROXY TCP4 " + b"1" * LONGEST_LINE + PLAIN,
        SIGNATURE + b"\x21\x11\xff\xff" + PLAIN,
        SIGNATURE + b"\x11\x11\x00\x0c" + b"\x01" * 12 + PLAIN,
        SIGNATURE + b"\x21\x11\x00\x0b" + b"\x01" * 11 + PLAIN,
    ],
)
def test_what_a_trusted_proxy_says_without_a_good_header_is_not_answered(service: Service, beginning: bytes) -> None:
    assert (b"", []) == say(service, beginning)
    eventually(lambda: doubts(service))


def test_who_is_not_trusted_is_served_as_itself_and_its_header_is_not_taken(service: Service, caller: str) -> None:
    stranger = f"127.0.3.{next(NUMBERS)}"

    assert (b"HTTP/1.1 401", [stranger]) == say(service, PLAIN, stranger)
    assert (b"HTTP/1.1 400", []) == say(service, line(caller) + PLAIN, stranger)
    assert (b"HTTP/1.1 400", []) == say(service, binary(caller) + PLAIN, stranger)


@pytest.mark.parametrize("beginning", [b"", b"PRO", SIGNATURE + b"\x21\x11\x00\x0c\x01"])
def test_who_does_not_finish_his_header_is_not_waited_for(tmp_path: Path, beginning: bytes) -> None:
    with served(tmp_path / "data", trusted_proxies=[PROXY], proxy_protocol=True) as service:
        with connected(service.port) as connection:
            connection.sendall(beginning)

            assert b"" == connection.recv(1)
        eventually(lambda: SILENT in doubts(service))


def test_who_only_knocks_is_nothing_to_tell(tmp_path: Path) -> None:
    with served(tmp_path / "data", trusted_proxies=[PROXY], proxy_protocol=True) as service:
        for _ in range(5):
            with connected(service.port):
                pass

        assert (b"HTTP/1.1 401", ["192.0.2.1"]) == say(service, line("192.0.2.1") + PLAIN)
        assert [] == doubts(service)


def test_waiting_for_a_header_does_not_hold_up_others_nor_the_end(tmp_path: Path) -> None:
    with ExitStack() as silent, served(tmp_path / "data", trusted_proxies=[PROXY], proxy_protocol=True) as service:
        for _ in range(50):
            silent.enter_context(connected(service.port)).sendall(b"PROXY ")

        assert (b"HTTP/1.1 401", ["192.0.2.1"]) == say(service, line("192.0.2.1") + PLAIN)


def test_it_comes_before_tls_and_any_worker_takes_it(tmp_path: Path) -> None:
    settings = {"tls": "auto", "workers": 2, "proxy_protocol": "true", "trusted_proxies": PROXY, "forwarded_by": "none"}
    with running_product(tmp_path / "data", with_gateway=False, **settings) as product:
        trusting = ssl.create_default_context(cadata=product.cli("authority").stdout)

        def ask(header: bytes, source: str = PROXY) -> bytes:
            with connected(product.http_port, source) as connection, suppress(ConnectionError):
                connection.sendall(header)
                with trusting.wrap_socket(connection, server_hostname="localhost") as secured:
                    secured.sendall(PLAIN)
                    return secured.recv(12)
            return b""

        answers = [ask(header) for header in [line("192.0.2.1"), binary("192.0.2.2")] * 4]
        answers += [ask(b"", "127.0.3.200"), ask(b"")]
        told = [f"address={address} " for address in ("192.0.2.1", "192.0.2.2", "127.0.3.200")]
        eventually(lambda: all(text in product.errors for text in [*told, "does not begin with a PROXY header"]))

    assert [b"HTTP/1.1 401"] * 9 + [b""] == answers
    assert [4, 4, 1] == [product.errors.count(text) for text in told]
