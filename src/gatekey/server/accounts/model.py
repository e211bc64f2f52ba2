"""What a member, an actor, a sign-in link and a session are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

LINK_LIFETIME = timedelta(hours=1)
"""Long enough to find the terminal again, short enough that a shell history is harmless."""

SESSION_LIFETIME = timedelta(hours=12)
"""A working day; afterwards a new link is needed."""


class Role(StrEnum):
    """What a member is in an organisation, by the names of Camunda's console; somebody may have several."""

    OWNER = "owner"
    ADMIN = "admin"
    OPERATIONS_ENGINEER = "operations engineer"
    DEVELOPER = "developer"
    ANALYST = "analyst"
    TASK_USER = "task user"
    VISITOR = "visitor"
    MODELER = "modeler"


@dataclass(frozen=True, slots=True)
class Organisation:
    """What members belong to; `organisation_id` is a UUID."""

    organisation_id: str
    name: str


Roles = Mapping[str, frozenset[Role]]
"""Somebody's roles by organisation id."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person, in any number of organisations; `email` is their name everywhere, in lower case and only once."""

    member_id: str
    email: str
    name: str = ""
    roles: Roles = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session; `key` goes into the person's cookie and is kept only as a digest."""

    member: Member
    key: str = field(repr=False)
    ends: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """
    A change that was not made: `public` is for the caller, `reason` for the operator, `field` what of a form was
    wrong, if one field was.
    """

    public: str
    reason: str
    field: str | None = None


class ActorKind(StrEnum):
    """Who acts."""

    MEMBER = "member"
    CLIENT = "client"
    USER = "user"
    """Of the operating system: whoever runs a command on the data folder, and so may do everything."""
    SERVICE = "service"
    """Gatekey itself, for what it does without being asked."""


@dataclass(frozen=True, slots=True)
class Actor:
    """
    Whoever does something: a member by e-mail address, a client by its id, an operating-system user by name.

    Members have `roles`; a client of an organisation has the `permissions` it was given, such as `clients:create`.
    """

    kind: ActorKind
    name: str
    roles: Roles = field(default_factory=dict)
    permissions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By organisation id."""

    def __str__(self) -> str:
        """Return the actor as the audit log names it."""
        has_own_name = self.kind in {ActorKind.MEMBER, ActorKind.SERVICE}
        return self.name if has_own_name else f"{self.kind} {self.name}"


def actor_of(member: Member) -> Actor:
    """Return the member as somebody who does something."""
    return Actor(ActorKind.MEMBER, member.email, member.roles)
