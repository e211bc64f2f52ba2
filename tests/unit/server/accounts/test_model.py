"""
How an actor is named in the audit log.
"""

import pytest

from gatekey.server.accounts.model import Actor, ActorKind, Member, Role, actor_of


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (ActorKind.MEMBER, "ada"),
        (ActorKind.SERVICE, "ada"),
        (ActorKind.CLIENT, "client ada"),
        (ActorKind.USER, "user ada"),
    ],
)
def test_an_actor_is_named_by_what_it_is(kind: ActorKind, name: str) -> None:
    assert name == str(Actor(kind, "ada"))


def test_a_member_acts_with_its_roles() -> None:
    roles = {"home": frozenset({Role.ANALYST})}

    assert Actor(ActorKind.MEMBER, "ada@example.org", roles) == actor_of(Member("1", "ada@example.org", roles=roles))
