import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.callers.proxy_header import (
    LONGEST_HEADER,
    LONGEST_LINE,
    SIGNATURE,
    Faulty,
    Relayed,
    Unfinished,
    read_proxy_header,
)

PORTS = st.integers(0, 65_535)


def line(caller: IPv4Address | IPv6Address, port: int = 47_011) -> bytes:
    other = "10.0.0.1" if caller.version == 4 else "2001:db8::1"
    return f"PROXY TCP{caller.version} {caller} {other} {port} 443\r\n".encode()


def binary(family: int, addresses: bytes, extensions: bytes = b"", command: int = 0x21) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(addresses + extensions)) + addresses + extensions


def binary_of(caller: IPv4Address | IPv6Address, extensions: bytes = b"") -> bytes:
    other = IPv4Address("10.0.0.1") if isinstance(caller, IPv4Address) else IPv6Address("2001:db8::1")
    family = 0x11 if caller.version == 4 else 0x21
    return binary(family, caller.packed + other.packed + struct.pack("!HH", 47_011, 443), extensions)


@given(st.ip_addresses(), st.binary(max_size=300), st.binary(max_size=50))
def test_the_caller_is_read_and_bytes_behind_the_header_are_left(
    caller: IPv4Address | IPv6Address, extensions: bytes, rest: bytes
) -> None:
    for header in (line(caller), binary_of(caller, extensions)):
        assert Relayed(str(caller), len(header)) == read_proxy_header(header + rest)


@given(st.ip_addresses(), st.binary(max_size=300))
def test_every_beginning_of_a_header_waits_for_its_rest(caller: IPv4Address | IPv6Address, extensions: bytes) -> None:
    for header in (line(caller), binary_of(caller, extensions)):
        assert {Unfinished()} == {read_proxy_header(header[:length]) for length in range(len(header))}


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda some: b"PROXY " + some)))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    outcome = read_proxy_header(data)

    assert not isinstance(outcome, Relayed) or 0 < outcome.length <= len(data)


@given(st.binary(min_size=4, max_size=200))
def test_no_binary_header_breaks_the_reading(data: bytes) -> None:
    outcome = read_proxy_header(SIGNATURE + data)

    assert not isinstance(outcome, Relayed) or 16 <= outcome.length <= len(SIGNATURE + data)


@pytest.mark.parametrize("text", ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"])
def test_a_line_may_name_nobody(text: str) -> None:
    assert Relayed(None, len(text)) == read_proxy_header(text.encode() + b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize(("family", "size"), [(0x00, 0), (0x12, 12), (0x22, 36), (0x31, 216), (0x32, 216)])
def test_a_binary_header_may_name_nobody_with_an_address(family: int, size: int) -> None:
    header = binary(family, b"\x01" * size, b"\x04\x00\x01\x00")

    assert Relayed(None, len(header)) == read_proxy_header(header)


def test_a_proxys_own_connection_names_nobody_whatever_follows() -> None:
    header = binary(0x11, b"\x01" * 5, command=0x20)

    assert Relayed(None, len(header)) == read_proxy_header(header)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"POST /oauth/token HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00",
        b"\r\n\r\n\x00\r\nQUIX",
        b"PROXX",
        b"proxy TCP4",
        b"PROXY\tTCP4 192.0.2.1 10.0.0.1 1 2\r\n",
    ],
)
def test_what_is_no_header_is_known_at_once(data: bytes) -> None:
    assert isinstance(read_proxy_header(data), Faulty)


@pytest.mark.parametrize(
    "text",
    [
        "PROXY \r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP5 192.0.2.1 10.0.0.1 1 2\r\n",
        "PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n",
        "PROXY tcp4 192.0.2.1 10.0.0.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n",
        "PROXY UNKNOWN\n",
        "PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.1 1 2 3\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.1 1 2 \r\n",
        "PROXY TCP4  192.0.2.1 10.0.0.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.1 1 65536\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.1 -1 2\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.1 01 2\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.1 x 2\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.256 1 2\r\n",
        "PROXY TCP4 0300.0.2.1 10.0.0.1 1 2\r\n",
        "PROXY TCP4 2001:db8::2 2001:db8::1 1 2\r\n",
        "PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n",
        "PROXY TCP6 fe80::1%eth0 2001:db8::1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\x00\r\n",
        "PROXY UNKNOWN " + "x" * LONGEST_LINE + "\r\n",
        "PROXY " + "x" * LONGEST_LINE,
    ],
)
def test_a_line_with_a_fault_is_refused(text: str) -> None:
    assert isinstance(read_proxy_header(text.encode()), Faulty)


@pytest.mark.parametrize(
    "header",
    [
        binary(0x11, b"\x01" * 12, command=0x11),
        binary(0x11, b"\x01" * 12, command=0x31),
        binary(0x11, b"\x01" * 12, command=0x22),
        binary(0x11, b"\x01" * 11),
        binary(0x21, b"\x01" * 35),
        binary(0x31, b"\x01" * 215),
        binary(0x01, b"\x01" * 36),
        binary(0x10, b"\x01" * 36),
        binary(0x41, b"\x01" * 36),
        binary(0xFF, b"\x01" * 36),
        binary(0x11, b"\x01" * LONGEST_HEADER),
        binary(0x11, b"\x01" * LONGEST_HEADER, command=0x20),
    ],
)
def test_a_binary_header_with_a_fault_is_refused_before_its_rest_is_read(header: bytes) -> None:
    assert isinstance(read_proxy_header(header[:16]), Faulty)


@given(PORTS)
def test_every_port_is_one(port: int) -> None:
    assert isinstance(read_proxy_header(line(IPv4Address("192.0.2.1"), port)), Relayed)
