"""What an entry of the audit log says, and how entries are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """
    Who (`actor`) did what (`action`) to which `subject`; never a secret.

    The actor is a member by their e-mail address, a client (`client ID`), the operating-system user of a command
    (`user NAME`), or `gatekey` for what the service does by itself. `number` is None until the entry is kept.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    subject_id: str
    detail: Mapping[str, str] = field(default_factory=dict)
    number: int | None = None


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """A page of the log, newest first: entries by this actor, about this subject, not older than `since`."""

    actor: str | None = None
    subject_id: str | None = None
    since: datetime | None = None
    before: int | None = None
    """The number of the last entry of the page before."""
    limit: int = 100
