"""Where events go, and where explanations come from."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from gatekey.server.traffic.history import Block, Counted, NamedClient, Unblocked, Worst


class RequestHistory(Protocol):
    """Tells what was counted. Minutes and times are since 1970. Methods raise `StorageUnavailable`."""

    def of_address(self, address: str, since: int) -> tuple[Counted, ...]:
        """Return what came from an address from the minute `since` on. What is too much may be told as `OTHERS`."""
        ...

    def of_client(self, client_id: str, since: int) -> tuple[Counted, ...]:
        """Return what named a client from the minute `since` on. What is too much may be told as `OTHERS`."""
        ...

    def over_time(self, since: int, span: int) -> tuple[Counted, ...]:
        """
        Return everything from the minute `since` on by outcome and verdict, for every `span` minutes: without
        addresses, clients and the like.
        """
        ...

    def worst(self, since: int, most: int, always: Collection[str]) -> Worst:
        """
        Return the `most` addresses with most refusals from the minute `since`
        on, and those of `always` that asked.
        """
        ...

    def blocks(self, since: float, address: str | None = None) -> tuple[Block, ...]:
        """Return the blocks that ended or end after `since`, of one address or all, oldest first."""
        ...

    def unblocked(self, since: float, address: str | None = None) -> tuple[Unblocked, ...]:
        """Return who unblocked what after `since`, of one address or all, oldest first."""
        ...

    def called(self, name: str) -> tuple[str, ...]:
        """
        Return the ids of the clients that have or had this name, the newest first; a name comes back with a new
        client.
        """
        ...

    def names(self, client_ids: Iterable[str]) -> Mapping[str, NamedClient]:
        """Return those of the clients that are or were here, by id."""
        ...
