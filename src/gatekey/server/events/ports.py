"""Who is told what happened."""

from typing import Protocol

from gatekey.server.events.model import Event


class Observer(Protocol):
    """Takes events; never raises and never keeps an answer waiting."""

    def tell(self, event: Event) -> None:
        """Take one event."""
        ...
