from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gatekey.server.callers.address import key_for, key_of, read_address

EMBEDDING = [IPv6Network(text) for text in ("::ffff:0:0/96", "64:ff9b::/96", "2002::/16")]
"""IPv6 addresses that are made of an IPv4 address."""


@pytest.mark.parametrize(
    ("peer_host", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("::ffff:192.0.2.1%eth0", "192.0.2.1"),
        ("64:ff9b::192.0.2.1", "192.0.2.1"),
        ("64:ff9b::c000:201", "192.0.2.1"),
        ("64:ff9b:1::c000:201", "64:ff9b:1::/64"),
        ("2002:c000:201::1", "192.0.2.1"),
        ("2002:c000:201:ffff:ffff:ffff:ffff:ffff", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("fe80::1%any words\n", "fe80::/64"),
        ("::1", "::/64"),
    ],
)
def test_an_address_is_limited_under_its_key(peer_host: str, key: str) -> None:
    assert key == key_of(peer_host)


@pytest.mark.parametrize(
    "peer_host",
    [
        "",
        "unknown",
        "localhost",
        "192.0.2.1:80",
        "[::1]",
        "0300.0.2.1",
        "192.0.2.01",
        "0xc0.0.2.1",
        "3221225985",
        "192.0.513",
        "192.0.2.1, 1",
        "192.0.2.1 ",
        "192.0.2.١",  # noqa: RUF001 - an Arabic digit, which some parsers take
        "192.0.2.1%eth0",
        "1" * 100_000,
    ],
)
def test_all_that_is_no_address_shares_one_key(peer_host: str) -> None:
    assert "unknown" == key_of(peer_host)


@given(st.ip_addresses(v=4))
def test_ipv4_has_one_key_in_all_spellings(address: IPv4Address) -> None:
    spellings = [str(address), f"::ffff:{address}", f"64:ff9b::{address}", f"2002:{int(address) >> 16:x}::"]

    assert {str(address)} == {key_of(text) for text in spellings[:-1]}
    assert str(IPv4Address(int(address) >> 16 << 16)) == key_of(spellings[-1])


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_rotating_inside_a_64_network_stays_one_address(address: IPv6Address, host: int) -> None:
    neighbour = IPv6Address(int(address) >> 64 << 64 | host)
    assume(not any(each in network for each in (address, neighbour) for network in EMBEDDING))

    assert key_of(str(address)) == key_of(str(neighbour))


@given(st.ip_addresses(v=6), st.integers(32, 128), st.integers(0, 2**96 - 1))
def test_rotating_inside_a_network_of_any_size_stays_one_address(address: IPv6Address, prefix: int, host: int) -> None:
    free = 128 - prefix
    neighbour = IPv6Address(int(address) >> free << free | host % 2**free)
    assume(not any(each in network for each in (address, neighbour) for network in EMBEDDING))

    assert key_for(address, prefix) == key_for(neighbour, prefix)
    assert key_for(address, prefix).endswith(f"/{prefix}")


def test_behind_translators_of_ones_own_each_ipv4_caller_is_one_address() -> None:
    own = [IPv6Network("2001:db8:64::/96")]
    keys = [key_for(IPv6Address(f"2001:db8:64::192.0.2.{number}"), nat64=own) for number in (1, 2)]

    assert ["192.0.2.1", "192.0.2.2"] == keys
    assert "2001:db8:64::/64" == key_for(IPv6Address("2001:db8:64::192.0.2.1"))


@pytest.mark.parametrize("text", ["64:ff9b::10.0.0.1", "2002:a00:1::1"])
def test_an_address_is_not_read_as_the_one_it_contains(text: str) -> None:
    """
    Else a tunnel would be enough to look like a trusted proxy.
    """
    assert IPv6Address(text) == read_address(text)


def test_what_a_socket_for_both_families_writes_is_read_as_ipv4() -> None:
    assert IPv4Address("10.0.0.1") == read_address("::ffff:10.0.0.1")
