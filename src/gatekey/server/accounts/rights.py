"""Who may do what: one pure function that every edge asks, and one table that it reads."""

from dataclasses import dataclass
from enum import StrEnum

from gatekey.server.accounts.model import Actor, ActorKind, Role


class Right(StrEnum):
    """What may be done to things of an organisation."""

    GET = "get"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Resource(StrEnum):
    """The kinds of things; the values are the words in permissions of clients."""

    CLUSTERS = "clusters"
    CLIENTS = "clients"
    SECRETS = "secrets"
    """Those that connectors read."""
    MEMBERS = "members"
    ADMINS = "admins"
    """Members who are owner or admin, and making somebody one."""
    LIMITS = "limits"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Target:
    """Things of one kind in one organisation."""

    organisation_id: str
    resource: Resource


_ALL = frozenset(Right)
_GET = frozenset({Right.GET})
_NO_DELETION = _ALL - {Right.DELETE}
_WORK = (Resource.CLUSTERS, Resource.CLIENTS, Resource.SECRETS, Resource.LIMITS)

RIGHTS: dict[Role, dict[Resource, frozenset[Right]]] = {
    Role.OWNER: dict.fromkeys(Resource, _ALL),
    Role.ADMIN: {**dict.fromkeys(Resource, _ALL), Resource.ADMINS: _GET},
    Role.OPERATIONS_ENGINEER: {**dict.fromkeys(Resource, _GET), **dict.fromkeys(_WORK, _NO_DELETION)},
    Role.DEVELOPER: {**dict.fromkeys(Resource, _GET), **dict.fromkeys(_WORK, _NO_DELETION)},
    Role.ANALYST: {Resource.CLUSTERS: _GET},
    Role.TASK_USER: {Resource.CLUSTERS: _GET},
    Role.VISITOR: dict.fromkeys(Resource, _GET),
    Role.MODELER: {},
}
"""As Camunda's console has it: operations engineers and developers create, but delete nothing."""


def may(actor: Actor, right: Right, on: Target) -> bool:
    """Say whether the actor may do that to those things."""
    match actor.kind:
        case ActorKind.USER | ActorKind.SERVICE:
            return True
        case ActorKind.CLIENT:
            return f"{on.resource}:{right}" in actor.permissions.get(on.organisation_id, frozenset())
        case ActorKind.MEMBER:
            roles = actor.roles.get(on.organisation_id, frozenset())
            return any(right in RIGHTS[role].get(on.resource, frozenset()) for role in roles)
