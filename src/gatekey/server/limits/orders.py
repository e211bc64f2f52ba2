"""What people order of the limit, as it is kept, and what is not done."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_network

from gatekey.server.callers.address import IPV6_PREFIX, UNKNOWN, key_for, read_address
from gatekey.server.callers.tracing import VIA
from gatekey.server.limits.rules import Rule


@dataclass(frozen=True, slots=True)
class KeptRule:
    """A rule with who made it (`by`) and when (`created`, seconds since 1970)."""

    rule: Rule
    created: float
    by: str

    def holds(self, now: float) -> bool:
        """Say whether it has not ended yet."""
        return self.rule.ends is None or self.rule.ends > now


@dataclass(frozen=True, slots=True)
class UnblockOrder:
    """The order to forget an address; numbers rise and never come twice."""

    number: int
    address: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that makes no sense: `public` is for the person, `reason` for the operator."""

    public: str
    reason: str


def read_key(text: str, prefix: int = IPV6_PREFIX, nat64: Iterable[IPv6Network] = ()) -> str | None:
    """
    Return the key under which an address is limited, as a person writes it: `192.0.2.7`, `2001:db8::1` or the key
    itself, such as `2001:db8::/64` and `via:192.0.2.7`. None for what is no address, and for wider networks.
    """
    text = text.strip()
    if text == UNKNOWN:
        return text
    if text.startswith(VIA):
        named = read_key(text.removeprefix(VIA), prefix, nat64)
        return None if named is None or named == UNKNOWN or named.startswith(VIA) else VIA + named
    written, slash, bits = text.partition("/")
    address = read_address(written)
    if address is None:
        return None
    narrowest = prefix if isinstance(address, IPv6Address) else address.max_prefixlen
    if slash and not (bits.isascii() and bits.isdecimal() and narrowest <= int(bits) <= address.max_prefixlen):
        return None
    return key_for(address, prefix, nat64)


def read_network(text: str) -> str | None:
    """Return a network in its one spelling, host bits cut off: `192.0.2.7` is `192.0.2.7/32`. None for what is none."""
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        return None
