"""Tracing a request back through trusted proxies to whoever has to answer for it."""

from typing import NamedTuple

from gatekey.server.callers.address import UNKNOWN, Address, key_for, read_address
from gatekey.server.callers.forwarding import read_trail
from gatekey.server.callers.proxy_header import Relayed
from gatekey.server.callers.trust import Trust

VIA = "via:"
"""Begins the key of requests whose caller a trusted proxy did not name: limited with each other, never blocked, and
never with the requests of an address. Like every key of an address, it has no blank in it."""


class Origin(NamedTuple):
    """Whose request it is: the `key` it is limited and told under. `unnamed` says that a trusted proxy named nobody."""

    key: str
    unnamed: bool = False


def trace(trust: Trust, peer: str, relayed: Relayed | None, trail: str) -> Origin:
    """
    Return whose request it is.

    `peer` is the other end of the connection, `relayed` what it said by the PROXY protocol before anything else, None
    where that is not spoken; `trail` is the end of the header that is in use (`trail_of`). Each is believed as far as
    whoever wrote it is a trusted proxy, so the first address from the right that is none is the caller. Where the
    chain ends before (everybody named is trusted, or somebody trusted names nobody or writes nonsense), it is a
    request via the last of them.
    """
    address = read_address(peer)
    if address is None:
        return Origin(UNKNOWN)
    if not trust.includes(address):
        return Origin(_key(trust, address))
    if relayed is not None:
        source = None if relayed.source is None else read_address(relayed.source)
        if source is None:
            # Whoever is behind wrote the header as well.
            return Origin(VIA + _key(trust, address), unnamed=True)
        if not trust.includes(source):
            return Origin(_key(trust, source))
        address = source
    for named in read_trail(trust.forwarding, trail):
        if named is None:
            break
        if not trust.includes(named):
            return Origin(_key(trust, named))
        address = named
    return Origin(VIA + _key(trust, address), unnamed=True)


def _key(trust: Trust, address: Address) -> str:
    return key_for(address, trust.ipv6_prefix, trust.nat64)
