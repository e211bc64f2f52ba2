"""
What people order of the limit, as it is kept, and what is not done.
"""

from dataclasses import dataclass
from ipaddress import ip_network

from gatekey.server.limiting.address import UNKNOWN, key_of
from gatekey.server.limiting.rules import Rule


@dataclass(frozen=True, slots=True)
class KeptRule:
    """
    A rule with who made it (`by`) and when (`created`, seconds since 1970).
    """

    rule: Rule
    created: float
    by: str

    def holds(self, now: float) -> bool:
        """
        Say whether it has not ended yet.
        """
        return self.rule.ends is None or self.rule.ends > now


@dataclass(frozen=True, slots=True)
class UnblockOrder:
    """
    The order to forget an address; numbers rise and never come twice.
    """

    number: int
    address: str


@dataclass(frozen=True, slots=True)
class Refused:
    """
    An order that makes no sense: `public` is for the person, `reason` for the operator.
    """

    public: str
    reason: str


def read_address(text: str) -> str | None:
    """
    Return the key under which an address is limited, as a person writes it: `192.0.2.7`, `2001:db8::1` or the key
    itself, `2001:db8::/64`. None for what is no address.
    """
    if text == UNKNOWN:
        return text
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    return str(network) if network.prefixlen < network.max_prefixlen else key_of(str(network.network_address))


def read_network(text: str) -> str | None:
    """
    Return a network in its one spelling, host bits cut off: `192.0.2.7` is `192.0.2.7/32`. None for what is none.
    """
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        return None
