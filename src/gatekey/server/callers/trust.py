"""Which proxies are trusted, and in which header they name the caller."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from gatekey.server.callers.address import IPV6_PREFIX, Address

Network = IPv4Network | IPv6Network

MAPPED = IPv6Network("::ffff:0:0/96")
"""IPv4 inside IPv6 (RFC 4291 section 2.5.5.2)."""

TRANSLATED_PREFIX = 96
"""Bits; the one length of RFC 6052 whose addresses end in the whole IPv4 address, and the one in use."""


class Forwarding(StrEnum):
    """The header in which trusted proxies name the caller; the others mean nothing."""

    X_FORWARDED_FOR = "x-forwarded-for"
    FORWARDED = "forwarded"
    """RFC 7239."""
    NONE = "none"
    """They name it by the PROXY protocol alone."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we believe, and what one address is; by default nobody, and a /64 of IPv6."""

    proxies: tuple[Network, ...] = ()
    forwarding: Forwarding = Forwarding.X_FORWARDED_FOR
    ipv6_prefix: int = IPV6_PREFIX
    nat64: tuple[IPv6Network, ...] = ()

    def includes(self, address: Address) -> bool:
        """Say whether an address is a trusted proxy's."""
        return any(address in network for network in self.proxies)


def read_proxies(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks of trusted proxies. Raises ValueError whose words name every fault."""
    networks, faults = _read_networks(texts)
    faults += [f"{network} would let every caller choose its address" for network in networks if not network.prefixlen]
    if faults:
        raise ValueError("; ".join(faults))
    return networks


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return networks of any size. Raises ValueError whose words name every fault."""
    networks, faults = _read_networks(texts)
    if faults:
        raise ValueError("; ".join(faults))
    return networks


def read_nat64(texts: Iterable[str]) -> tuple[IPv6Network, ...]:
    """Return the prefixes of translators. Raises ValueError whose words name every fault."""
    networks, faults = _read_networks(texts)
    found = tuple(each for each in networks if isinstance(each, IPv6Network) and each.prefixlen == TRANSLATED_PREFIX)
    faults += [f"{each} is no IPv6 network of /96, such as 64:ff9b::/96" for each in networks if each not in found]
    if faults:
        raise ValueError("; ".join(faults))
    return found


def split_list(text: str) -> list[str]:
    """Return the words of a list that is separated by commas or spaces."""
    return [word for word in re.split(r"[,\s]+", text) if word]


def _read_networks(texts: Iterable[str]) -> tuple[tuple[Network, ...], list[str]]:
    networks, faults = [], []
    for text in texts:
        try:
            networks.append(_unmapped(ip_network(text, strict=False)))
        except ValueError:
            faults.append(f"{text} is no network, such as 10.0.0.5 or 10.0.0.0/24")
            continue
        if "/" in text and str(ip_address(text.partition("/")[0])) != str(ip_network(text, strict=False)[0]):
            faults.append(f"{text} is an address inside a network: write {networks[-1]}, or {text.partition('/')[0]}")
    return tuple(networks), faults


def _unmapped(network: Network) -> Network:
    """Return an IPv4 network that was written as part of IPv6 as what it is: addresses are compared in that form."""
    if isinstance(network, IPv4Network) or not network.subnet_of(MAPPED):
        return network
    return IPv4Network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - MAPPED.prefixlen))
