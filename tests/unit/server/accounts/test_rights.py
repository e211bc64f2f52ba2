"""
Who may do what.
"""

import pytest

from gatekey.server.accounts.model import Actor, ActorKind, Role
from gatekey.server.accounts.rights import RIGHTS, Resource, Right, Target, may

WORK = {Resource.CLUSTERS, Resource.CLIENTS, Resource.SECRETS, Resource.LIMITS}


def member(*roles: Role, organisation_id: str = "mine") -> Actor:
    return Actor(ActorKind.MEMBER, "somebody@example.org", {organisation_id: frozenset(roles)})


def rights_of(actor: Actor, organisation_id: str = "mine") -> set[tuple[Resource, Right]]:
    return {
        (resource, right)
        for resource in Resource
        for right in Right
        if may(actor, right, Target(organisation_id, resource))
    }


EVERYTHING = {(resource, right) for resource in Resource for right in Right}
LOOKING = {(resource, Right.GET) for resource in Resource}
CREATING = LOOKING | {(resource, right) for resource in WORK for right in (Right.CREATE, Right.UPDATE)}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.OWNER, EVERYTHING),
        (Role.ADMIN, {pair for pair in EVERYTHING if pair[0] is not Resource.ADMINS} | LOOKING),
        (Role.OPERATIONS_ENGINEER, CREATING),
        (Role.DEVELOPER, CREATING),
        (Role.ANALYST, {(Resource.CLUSTERS, Right.GET)}),
        (Role.TASK_USER, {(Resource.CLUSTERS, Right.GET)}),
        (Role.VISITOR, LOOKING),
        (Role.MODELER, set()),
    ],
)
def test_each_role_may_what_camunda_s_console_lets_it(role: Role, expected: set[tuple[Resource, Right]]) -> None:
    assert expected == rights_of(member(role))
    assert set() == rights_of(member(role), "another organisation")


def test_every_role_has_a_line_in_the_table() -> None:
    assert set(Role) == set(RIGHTS)


def test_several_roles_add_up() -> None:
    both = rights_of(member(Role.ANALYST, Role.DEVELOPER))

    assert rights_of(member(Role.ANALYST)) | rights_of(member(Role.DEVELOPER)) == both


def test_a_client_may_what_its_permissions_name_and_nothing_else() -> None:
    actor = Actor(ActorKind.CLIENT, "id", permissions={"mine": frozenset({"clients:create", "nonsense"})})

    assert {(Resource.CLIENTS, Right.CREATE)} == rights_of(actor)
    assert set() == rights_of(actor, "another organisation")


@pytest.mark.parametrize("kind", [ActorKind.USER, ActorKind.SERVICE])
def test_who_has_the_data_folder_may_everything(kind: ActorKind) -> None:
    assert EVERYTHING == rights_of(Actor(kind, "somebody"))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ActorKind.MEMBER, "somebody"),
        (ActorKind.CLIENT, "client somebody"),
        (ActorKind.USER, "user somebody"),
        (ActorKind.SERVICE, "somebody"),
    ],
)
def test_the_audit_tells_people_clients_and_users_apart(kind: ActorKind, text: str) -> None:
    assert text == str(Actor(kind, "somebody"))
