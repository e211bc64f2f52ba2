"""What a member, a sign-in link and a session are."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

LINK_LIFETIME = timedelta(hours=1)
"""Long enough to find the terminal again, short enough that a shell history is harmless."""

SESSION_LIFETIME = timedelta(hours=12)
"""A working day; afterwards a new link is needed."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the organisation; `email` is their name everywhere."""

    email: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session; `key` goes into the person's cookie and is kept only as a digest."""

    member: Member
    key: str = field(repr=False)
    ends: datetime
