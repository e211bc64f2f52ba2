"""Telling several observers at once."""

from dataclasses import dataclass

from gatekey.server.events.model import Event
from gatekey.server.events.ports import Observer


@dataclass(frozen=True, slots=True)
class Observers:
    """The `Observer` port over several others, in order."""

    others: tuple[Observer, ...]

    def tell(self, event: Event) -> None:
        """Pass one event on to all."""
        for other in self.others:
            other.tell(event)
