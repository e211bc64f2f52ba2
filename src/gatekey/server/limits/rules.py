"""Exceptions that people make from the limit: for networks, for clients, for organisations."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network

from gatekey.server.limits.model import LimitPolicy


class Subject(StrEnum):
    """Whom a rule is about."""

    ADDRESS = "address"
    """A network of source addresses; the rule holds before anything of a request is read."""
    CLIENT = "client"
    ORGANISATION = "organisation"
    """Like a client's, a rule for those who proved who they are: it holds where limits are fair, not where strict."""


@dataclass(frozen=True, slots=True)
class Rule:
    """
    What holds for `name` (a network such as `192.0.2.0/24`, a client id, an organisation's id) instead of the policy:
    `rate` in requests per second with its `burst`, or no limit at all where both are None.

    `ends` is in seconds since 1970, None for ever. Raises ValueError for a network that is none, host bits that are
    set, a rate without a burst or the other way round, and one that takes a century.
    """

    subject: Subject
    name: str
    rate: float | None = None
    burst: int | None = None
    ends: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.subject is Subject.ADDRESS:
            ip_network(self.name)
        if (self.rate is None) != (self.burst is None):
            raise ValueError("a limit has a rate and a burst")
        if (self.rate is not None and self.rate <= 0) or (self.burst is not None and self.burst < 1):
            raise ValueError("a rate and a burst are greater than zero")
        if self.rate is not None and self.burst is not None:
            LimitPolicy(rate=self.rate, burst=self.burst)  # raises where the two make no limit that ends in a century
