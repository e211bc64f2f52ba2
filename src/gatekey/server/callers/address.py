"""What counts as one address."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

IPV6_PREFIX = 64
"""Bits; the smallest network a site is given (RFC 6177, RFC 7421), so one host owns all addresses inside it."""

REMEMBERED = 4096
"""Peers whose keys are remembered: the same few ask again and again, and parsing costs more than looking up."""

UNKNOWN = "unknown"
"""Whoever has no IP address (a Unix socket) shares one budget: no invented name ever opens another."""

NAT64 = IPv6Network("64:ff9b::/96")
"""The well-known prefix (RFC 6052 section 2.1); IPv4 callers of a service that has only IPv6 come from inside it."""


def read_address(text: str) -> Address | None:
    """
    Return the address that a text is and nothing else, None when it is none.

    IPv4 inside IPv6 (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) is that IPv4 address, because a socket that takes
    both families writes it so; a zone (`%eth0`) is dropped, because it says nothing about the caller.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def key_for(address: Address, prefix: int = IPV6_PREFIX, nat64: Iterable[IPv6Network] = ()) -> str:
    """
    Return the key under which an address is limited: an IPv4 address, or an IPv6 network such as `2001:db8:1:2::/64`.

    Where an IPv6 address was made of an IPv4 address, that one is the key: by translation, under the well-known prefix
    or one of `nat64` (each a /96), where otherwise all of IPv4 would be one address; by 6to4 (RFC 3056), where one
    IPv4 host has 65536 networks of this size. No such address is trusted for what it contains: whoever has a tunnel
    may write one.
    """
    if isinstance(address, IPv4Address):
        return str(address)
    if any(address in network for network in (NAT64, *nat64)):
        return str(IPv4Address(int(address) & 0xFFFF_FFFF))
    return str(address.sixtofour or IPv6Network((int(address), prefix), strict=False))


@lru_cache(REMEMBERED)
def key_of(peer_host: str) -> str:
    """Return the key under which the peer of a connection is limited where nothing is set; headers have no say."""
    address = read_address(peer_host)
    return UNKNOWN if address is None else key_for(address)
