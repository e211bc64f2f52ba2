"""What the audit log needs from the world."""

from typing import Protocol

from gatekey.server.audit.model import AuditEntry, AuditQuery


class AuditLog(Protocol):
    """Keeps entries in their order; none is ever changed. Raises `StorageUnavailable`."""

    def append(self, entry: AuditEntry) -> AuditEntry:
        """Keep an entry about something that no store changes, and return it with its number."""
        ...

    def find(self, number: int) -> AuditEntry | None:
        """Return one entry."""
        ...

    def page(self, query: AuditQuery) -> tuple[AuditEntry, ...]:
        """Return the entries that the query asks for, newest first."""
        ...
