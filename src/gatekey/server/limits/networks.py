"""Which of many networks is said most specifically of an address."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Generic, TypeVar

Network = IPv4Network | IPv6Network
Said = TypeVar("Said")

REMEMBERED = 4096
"""Addresses whose answer is remembered: as many as `key_of` remembers, and the same ones."""


class Networks(Generic[Said]):
    """
    What is said of networks, looked up by the key of an address; made once, then only read, by any thread.

    The longest prefix counts; of two equal networks, the one given last. A network inside of what counts as one address
    (a single IPv6 host, where its /64 is one address) speaks for all of that address: nothing smaller is told apart.
    Raises ValueError for text that is no network.
    """

    def __init__(self, pairs: Iterable[tuple[str, Said]]) -> None:
        self._said: dict[Network, Said] = {ip_network(name): said for name, said in pairs}
        ordered = sorted(self._said, key=_place)
        self._ordered = {version: [one for one in ordered if one.version == version] for version in (4, 6)}
        self._starts = {version: [_start(one) for one in found] for version, found in self._ordered.items()}
        self._lengths = {
            version: sorted({one.prefixlen for one in found}, reverse=True) for version, found in self._ordered.items()
        }
        self._found = lru_cache(REMEMBERED)(self._look_up)

    def __bool__(self) -> bool:
        """Say whether anything is said at all; most have no rule, and asking costs them nothing."""
        return bool(self._said)

    def find(self, address: str) -> Said | None:
        """Return what is said of an address (a key from `key_of`), None when nothing is."""
        return self._found(address)

    def _look_up(self, address: str) -> Said | None:
        try:
            network = ip_network(address)
        except ValueError:
            return None  # who has no IP address is in no network
        starts, ordered = self._starts[network.version], self._ordered[network.version]
        first, last = bisect_left(starts, _start(network)), bisect_right(starts, int(network.broadcast_address))
        within = [one for one in ordered[first:last] if one.prefixlen >= network.prefixlen]
        if within:
            return self._said[max(within, key=lambda one: one.prefixlen)]
        for length in self._lengths[network.version]:
            if length < network.prefixlen and (around := network.supernet(new_prefix=length)) in self._said:
                return self._said[around]
        return None


def _start(network: Network) -> int:
    return int(network.network_address)


def _place(network: Network) -> tuple[int, int, int]:
    return network.version, _start(network), network.prefixlen
