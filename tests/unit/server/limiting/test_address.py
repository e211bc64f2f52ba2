from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.limiting.address import key_of


@pytest.mark.parametrize(
    ("peer_host", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
    ],
)
def test_an_address_is_limited_under_its_key(peer_host: str, key: str) -> None:
    assert key == key_of(peer_host)


@pytest.mark.parametrize(
    "peer_host", ["", "unknown", "localhost", "192.0.2.1:80", "[::1]", "0300.0.2.1", "192.0.2.1, 1"]
)
def test_all_that_is_no_address_shares_one_key(peer_host: str) -> None:
    assert "unknown" == key_of(peer_host)


@given(st.ip_addresses(v=4))
def test_ipv4_has_one_key_in_both_spellings(address: object) -> None:
    assert str(address) == key_of(str(address)) == key_of(f"::ffff:{address}")


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_rotating_inside_a_64_network_stays_one_address(address: IPv6Address, host: int) -> None:
    neighbour = IPv6Address(int(address) >> 64 << 64 | host)
    if address.ipv4_mapped or neighbour.ipv4_mapped:
        return

    assert key_of(str(address)) == key_of(str(neighbour))
