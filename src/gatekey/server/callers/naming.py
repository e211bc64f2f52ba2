"""Names the caller of every request, once; all rooms tell and limit it under that name."""

from functools import lru_cache

from gatekey.http.asgi import Headers
from gatekey.server.callers.address import REMEMBERED, read_address
from gatekey.server.callers.forwarding import trail_of
from gatekey.server.callers.proxy_header import Relayed
from gatekey.server.callers.tracing import Origin, trace
from gatekey.server.callers.trust import Trust
from gatekey.server.events.model import CallerDoubted
from gatekey.server.events.ports import Observer

FORWARDING = frozenset({b"x-forwarded-for", b"forwarded"})

TOLD = 100
"""Peers that are told of; more proxies than one installation has, fewer lines than flood a log."""

NOT_TRUSTED = "it says for whom it asks, but is not among GATEKEY_TRUSTED_PROXIES: it is taken for the caller itself"
NOBODY_NAMED = "it is trusted, but did not say for whom it asks; such requests share one limit and are never blocked"


class Callers:
    """
    Traces requests back as far as `trust` goes, and tells the operator once of each proxy that seems to be set up
    differently than we are.
    """

    def __init__(self, trust: Trust, observer: Observer) -> None:
        self.trust = trust
        self._observer = observer
        self._told: set[str] = set()
        self._direct = lru_cache(REMEMBERED)(self._trace_directly)
        self._trace = lru_cache(REMEMBERED)(self._trace_back)

    def name(self, peer: str, relayed: Relayed | None, headers: Headers, *, tells: bool) -> str:
        """
        Return the key of the caller: an address, an IPv6 network, or `via:` the proxy that named nobody.

        `tells` is false for requests that a proxy may send on its own account, as health checks are.
        """
        origin = self._direct(peer)
        if origin is None:
            origin = self._trace(peer, relayed, trail_of(self.trust.forwarding, headers))
            if origin.unnamed and tells:
                self.doubt(peer, NOBODY_NAMED)
        elif tells and origin.key not in self._told:
            for name, _ in headers:
                if name in FORWARDING:
                    self.doubt(origin.key, NOT_TRUSTED)
                    break
        return origin.key

    def doubt(self, peer: str, why: str) -> None:
        """Tell of a peer, once."""
        if peer not in self._told and len(self._told) < TOLD:
            self._told.add(peer)
            self._observer.tell(CallerDoubted(peer, why))

    def _trace_directly(self, peer: str) -> Origin | None:
        address = read_address(peer)
        if address is not None and self.trust.includes(address):
            return None
        return trace(self.trust, peer, None, "")

    def _trace_back(self, peer: str, relayed: Relayed | None, trail: str) -> Origin:
        return trace(self.trust, peer, relayed, trail)
