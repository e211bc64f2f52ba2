"""
What every `AccountStore` promises, wherever it keeps members.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatekey.server.accounts.model import Member, Organisation, Refused, Role
from gatekey.server.accounts.ports import AccountStore
from support.service import ADAPTERS, Stores

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)
ONE, TWO = b"\x01" * 32, b"\x02" * 32


@pytest.fixture(params=ADAPTERS)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    with request.param(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def owner(accounts: AccountStore) -> Member:
    [member] = accounts.owners()
    return member


@pytest.fixture
def accounts(stores: Stores) -> AccountStore:
    return stores.accounts


def test_there_is_an_owner(accounts: AccountStore, owner: Member) -> None:
    [organisation] = accounts.organisations()

    assert {organisation.organisation_id: frozenset({Role.OWNER})} == owner.roles
    assert "owner@localhost" == owner.email
    assert not accounts.an_owner_has_signed_in()


def test_a_link_is_spent_once(accounts: AccountStore, owner: Member) -> None:
    accounts.add_link(ONE, owner.member_id, LATER)

    assert [owner, None, None] == [accounts.spend_link(ONE, NOW) for _ in range(3)]
    assert accounts.an_owner_has_signed_in()


def test_of_many_who_spend_a_link_at_once_one_gets_in(accounts: AccountStore, owner: Member) -> None:
    accounts.add_link(ONE, owner.member_id, LATER)
    with ThreadPoolExecutor(8) as pool:
        members = list(pool.map(lambda _: accounts.spend_link(ONE, NOW), range(8)))

    assert 1 == members.count(owner)
    assert 7 == members.count(None)


def test_an_expired_link_lets_nobody_in_and_says_nothing_of_a_visit(accounts: AccountStore, owner: Member) -> None:
    accounts.add_link(ONE, owner.member_id, NOW)

    assert accounts.spend_link(ONE, NOW) is None
    assert not accounts.an_owner_has_signed_in()


def test_a_link_holds_to_its_last_moment(accounts: AccountStore, owner: Member) -> None:
    accounts.add_link(ONE, owner.member_id, LATER)

    assert accounts.spend_link(ONE, LATER - MOMENT) == owner


def test_spending_one_link_leaves_the_others(accounts: AccountStore, owner: Member) -> None:
    accounts.add_link(ONE, owner.member_id, LATER)
    accounts.add_link(TWO, owner.member_id, LATER)
    accounts.spend_link(ONE, NOW)

    assert accounts.spend_link(b"unknown", NOW) is None
    assert accounts.spend_link(TWO, NOW) == owner


def test_a_session_lives_until_its_end(accounts: AccountStore, owner: Member) -> None:
    accounts.add_session(ONE, owner.member_id, LATER)

    assert owner == accounts.session(ONE, NOW) == accounts.session(ONE, LATER - MOMENT)
    assert accounts.session(ONE, LATER) is None
    assert accounts.session(TWO, NOW) is None


def test_an_ended_session_is_over_and_ending_it_again_is_no_error(accounts: AccountStore, owner: Member) -> None:
    accounts.add_session(ONE, owner.member_id, LATER)
    accounts.add_session(TWO, owner.member_id, LATER)
    for _ in range(2):
        accounts.end_session(ONE)

    assert accounts.session(ONE, NOW) is None
    assert accounts.session(TWO, NOW) == owner


def test_links_and_sessions_are_kept_apart(accounts: AccountStore, owner: Member) -> None:
    accounts.add_link(ONE, owner.member_id, LATER)
    accounts.add_session(TWO, owner.member_id, LATER)

    assert accounts.session(ONE, NOW) is None
    assert accounts.spend_link(TWO, NOW) is None


OTHER = Organisation("other", "Other")


def no_objection(_members: object, _changed: object) -> None:
    return None


def member_of(roles: dict[str, frozenset[Role]], number: int = 1) -> Member:
    return Member(f"member-{number}", f"member{number}@example.org", "Somebody", roles)


def test_a_member_may_be_in_several_organisations_with_several_roles(accounts: AccountStore, owner: Member) -> None:
    [home] = owner.roles
    added = accounts.add_organisation(OTHER, by="test", at=NOW)
    member = member_of({home: frozenset({Role.DEVELOPER, Role.ANALYST}), "other": frozenset({Role.OWNER})})
    kept = accounts.add(member, by="test", at=NOW)

    assert (None, None) == (added, kept)
    assert ["other", home] == sorted((each.organisation_id for each in accounts.organisations()), key=len)
    assert member == accounts.find("member-1") == accounts.find_by_email("Member1@Example.ORG")
    assert (owner, member) == accounts.members(home)
    assert (member,) == accounts.members("other")
    assert (owner, member) == accounts.owners()


def test_with_two_owners_both_sign_in(accounts: AccountStore, owner: Member) -> None:
    """
    A second owner used to end every sign-in with an error.
    """
    [home] = owner.roles
    second = member_of({home: frozenset({Role.OWNER})})
    accounts.add(second, by="test", at=NOW)
    accounts.add_link(ONE, second.member_id, LATER)

    assert not accounts.an_owner_has_signed_in()
    assert second == accounts.spend_link(ONE, NOW)
    assert accounts.an_owner_has_signed_in()


def test_an_address_is_taken_once_whatever_its_case(accounts: AccountStore, owner: Member) -> None:
    refused = accounts.add(Member("another", owner.email.upper()), by="test", at=NOW)

    assert isinstance(refused, Refused)
    assert "email" == refused.field
    assert accounts.find("another") is None


def test_an_organisation_s_name_is_taken_once(accounts: AccountStore) -> None:
    [home] = accounts.organisations()
    refused = accounts.add_organisation(Organisation("x", home.name.upper()), by="test", at=NOW)

    assert isinstance(refused, Refused)
    assert (home,) == accounts.organisations()


def test_changed_roles_hold_at_once_also_for_who_is_signed_in(accounts: AccountStore, owner: Member) -> None:
    [home] = owner.roles
    member = member_of({home: frozenset({Role.ADMIN})})
    accounts.add(member, by="test", at=NOW)
    accounts.add_session(ONE, member.member_id, LATER)
    changed = accounts.change_roles(member.member_id, home, frozenset({Role.VISITOR}), no_objection, by="test", at=NOW)
    seen = accounts.session(ONE, NOW)
    removed = accounts.change_roles(member.member_id, home, frozenset(), no_objection, by="test", at=NOW)

    assert isinstance(changed, Member)
    assert isinstance(removed, Member)
    assert {home: frozenset({Role.VISITOR})} == changed.roles
    assert changed == seen
    assert removed == accounts.session(ONE, NOW)
    assert {} == removed.roles
    assert (owner,) == accounts.members(home)


def test_roles_stay_where_the_check_refuses(accounts: AccountStore, owner: Member) -> None:
    [home] = owner.roles
    refusal = Refused("No.", "test")
    outcome = accounts.change_roles(owner.member_id, home, frozenset(), lambda *_: refusal, by="test", at=NOW)
    unknown = accounts.change_roles("nobody", home, frozenset(), no_objection, by="test", at=NOW)

    assert refusal == outcome
    assert unknown is None
    assert owner == accounts.find(owner.member_id)
