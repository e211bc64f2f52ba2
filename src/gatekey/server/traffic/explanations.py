"""Asking for explanations: of all addresses, of one address, of one client."""

from collections.abc import Callable
from dataclasses import dataclass

from gatekey.server.traffic.explaining import (
    AddressExplained,
    ClientExplained,
    Overview,
    askers,
    explain_blocks,
    lines,
    points,
    span_of,
    state_of,
    tally,
)
from gatekey.server.traffic.findings import Finding, find, find_new_places, in_order
from gatekey.server.traffic.history import MINUTE, Block, NamedClient, Standing, Unblocked, standing_of
from gatekey.server.traffic.ports import RequestHistory

HOUR, DAY = 60, 1_440
"""Minutes: what is shown of addresses, and of clients, unless something else is asked for."""

ADDRESSES = 200
"""In an overview, unless it is asked otherwise; beyond, a list is no longer read but searched."""

CLIENTS_LOOKED_AT = 20
"""For how many clients of one address it is asked whether they are new there: more are no page to be read."""


@dataclass(frozen=True, slots=True)
class Explanations:
    """Explains the last `minutes` minutes; `now` returns seconds since 1970. Methods raise `StorageUnavailable`."""

    history: RequestHistory
    now: Callable[[], float]

    def overview(self, minutes: int = HOUR, most: int = ADDRESSES) -> Overview:
        """Return the `most` addresses of the period with most refusals; also those that are blocked now."""
        now = self.now()
        since = _since(now, minutes)
        blocks, unblocked = self._blocks(now, now)
        counted = self.history.over_time(since, span_of(minutes))
        worst = self.history.worst(since, most, {block.address for block in blocks})
        span, plotted = points(counted, now, minutes)
        found = lines(worst.counted, worst.clients, blocks, unblocked, now)
        return Overview(now, minutes, span, tally(counted), plotted, found, max(worst.addresses, len(found)))

    def address(self, address: str, minutes: int = HOUR) -> AddressExplained:
        """Return who asked from an address, and what is wrong there."""
        now = self.now()
        counted = self.history.of_address(address, _since(now, minutes))
        names = self.history.names({trace.client_id for trace, _ in counted})
        blocks, unblocked = self._blocks(now, now - minutes * MINUTE, address)
        span, plotted = points(counted, now, minutes)
        state, until = state_of(counted, blocks, unblocked, now)
        return AddressExplained(
            address,
            now,
            minutes,
            span,
            state,
            until,
            tally(counted),
            plotted,
            askers(counted, names),
            explain_blocks(blocks, unblocked, counted, names),
            in_order([*find(counted, names, now), *self._new_here(address, list(names.values()), now)]),
        )

    def client(self, client_id: str, minutes: int = DAY) -> ClientExplained:
        """Return from where a client asked, and what is wrong with it."""
        now = self.now()
        counted = self.history.of_client(client_id, _since(now, minutes))
        names = self.history.names([client_id])
        client, standing = names.get(client_id), standing_of(client_id, names)
        new = find_new_places(counted, client, now, minutes) if client and standing is Standing.KNOWN else ()
        span, plotted = points(counted, now, minutes)
        return ClientExplained(
            client_id,
            standing,
            client,
            now,
            minutes,
            span,
            tally(counted),
            plotted,
            askers(counted, names),
            in_order([*find(counted, names, now), *new]),
        )

    def _blocks(
        self, now: float, since: float, address: str | None = None
    ) -> tuple[tuple[Block, ...], tuple[Unblocked, ...]]:
        blocks = self.history.blocks(since, address)
        oldest = min([now - MINUTE, *(block.began for block in blocks)])
        return blocks, self.history.unblocked(oldest, address)

    def _new_here(self, address: str, clients: list[NamedClient], now: float) -> list[Finding]:
        return [
            finding
            for client in clients[:CLIENTS_LOOKED_AT]
            if client.deleted is None
            for finding in find_new_places(self.history.of_client(client.client_id, _since(now, DAY)), client, now, DAY)
            if finding.address == address
        ]


def _since(now: float, minutes: int) -> int:
    return int(now // MINUTE) - minutes + 1
