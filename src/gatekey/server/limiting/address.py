"""
What counts as one address.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

IPV6_PREFIX = 64
"""Bits; the smallest network a site is given (RFC 6177, RFC 7421), so one host owns all addresses inside it."""

REMEMBERED = 4096
"""Peers whose keys are remembered: the same few ask again and again, and parsing costs more than looking up."""

UNKNOWN = "unknown"
"""Whoever has no IP address (a Unix socket) shares one budget: no invented name ever opens another."""


@lru_cache(REMEMBERED)
def key_of(peer_host: str) -> str:
    """
    Return the key under which the peer of a connection is limited; headers have no say.

    IPv4 stands for itself, IPv4 inside IPv6 (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) for that IPv4 address, and
    any other IPv6 for its /64 network, such as `2001:db8:1:2::/64`.
    """
    try:
        address = ip_address(peer_host)
    except ValueError:
        return UNKNOWN
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or _network(address))


def _network(address: IPv6Address) -> IPv6Network:
    return IPv6Network((int(address), IPV6_PREFIX), strict=False)
