"""
Over the real store.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekey.server.accounts.administration import AccountAdministration
from gatekey.server.accounts.model import Actor, ActorKind, Member, Refused, Role, actor_of
from gatekey.server.audit.model import AuditQuery
from gatekey.server.run.installation import Installation
from support.service import installed

ROOT = Actor(ActorKind.USER, "root")


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def accounts(installation: Installation) -> AccountAdministration:
    return installation.accounts


@pytest.fixture
def owner(accounts: AccountAdministration) -> Member:
    [member] = accounts.store.owners()
    return member


@pytest.fixture
def home(owner: Member) -> str:
    [organisation_id] = owner.roles
    return organisation_id


def add(accounts: AccountAdministration, home: str, role: Role, email: str = "new@example.org") -> Member:
    member = accounts.add(email, "New", home, role, by=ROOT)
    assert isinstance(member, Member), member
    return member


def test_a_member_is_added_and_the_audit_says_by_whom(
    installation: Installation, accounts: AccountAdministration, owner: Member, home: str
) -> None:
    member = accounts.add(" New@Example.org ", " New ", home, Role.DEVELOPER, by=actor_of(owner))
    assert isinstance(member, Member)
    [entry] = installation.audit.page(AuditQuery(subject_id=member.member_id))

    assert ("new@example.org", "New", {home: frozenset({Role.DEVELOPER})}) == (member.email, member.name, member.roles)
    assert (owner, member) == accounts.members(home, by=ROOT)
    assert ("owner@localhost", "added") == (entry.actor, entry.action)


@pytest.mark.parametrize("email", ["", "somebody", "a@b@c", "a b@c", "a@b\n", "<a@b>", "a" * 65 + "@b"])
def test_what_is_no_address_is_refused(accounts: AccountAdministration, home: str, email: str) -> None:
    refused = accounts.add(email, "", home, Role.VISITOR, by=ROOT)

    assert isinstance(refused, Refused) is (email.strip() != "a@b")


def test_an_admin_makes_no_admin_and_no_owner(accounts: AccountAdministration, owner: Member, home: str) -> None:
    admin = actor_of(add(accounts, home, Role.ADMIN, "admin@example.org"))
    outcomes = [
        accounts.add(f"{role.value[0]}@example.org", "", home, role, by=admin)
        for role in (Role.ADMIN, Role.OWNER, Role.DEVELOPER)
    ]
    demoted = accounts.set_roles(owner.member_id, home, frozenset({Role.VISITOR}), by=admin)

    assert [Refused, Refused, Member] == [type(outcome) for outcome in outcomes]
    assert isinstance(demoted, Refused)


def test_nobody_makes_themselves_more_than_they_are(accounts: AccountAdministration, home: str) -> None:
    developer = add(accounts, home, Role.DEVELOPER)
    outcome = accounts.set_roles(developer.member_id, home, frozenset({Role.OWNER}), by=actor_of(developer))

    assert isinstance(outcome, Refused)
    assert developer == accounts.store.find(developer.member_id)


def test_the_last_owner_stays_one(accounts: AccountAdministration, owner: Member, home: str) -> None:
    refused = accounts.set_roles(owner.member_id, home, frozenset(), by=ROOT)
    second = add(accounts, home, Role.OWNER)
    accepted = accounts.set_roles(owner.member_id, home, frozenset({Role.ADMIN}), by=actor_of(second))

    assert isinstance(refused, Refused)
    assert "role" == refused.field
    assert isinstance(accepted, Member)
    assert (second,) == accounts.store.owners()


def test_whoever_is_a_member_elsewhere_becomes_one_here_too(
    installation: Installation, accounts: AccountAdministration, owner: Member, home: str
) -> None:
    with installation.database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO organisation VALUES ('other', 'Other', 1)")
    first = accounts.add(owner.email, "", "other", Role.OWNER, by=ROOT)
    again = accounts.add(owner.email, "", "other", Role.VISITOR, by=ROOT)

    assert isinstance(first, Member)
    assert {home, "other"} == set(first.roles)
    assert isinstance(again, Refused)


def test_members_are_shown_to_those_who_may_see_them(accounts: AccountAdministration, home: str) -> None:
    analyst = actor_of(add(accounts, home, Role.ANALYST))

    assert isinstance(accounts.members(home, by=analyst), Refused)
    assert isinstance(accounts.set_roles("nobody", home, frozenset(), by=ROOT), Refused)
