"""
What every `PeopleStore` promises, wherever it keeps people.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatekey.server.accounts.model import Member
from gatekey.server.accounts.ports import PeopleStore
from support.service import ADAPTERS, Stores

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)
OWNER = Member("owner@localhost")
ONE, TWO = b"\x01" * 32, b"\x02" * 32


@pytest.fixture(params=ADAPTERS)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    with request.param(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def people(stores: Stores) -> PeopleStore:
    return stores.people


def test_there_is_an_owner(people: PeopleStore) -> None:
    assert people.owner() == OWNER
    assert not people.owner_has_signed_in()


def test_a_link_is_spent_once(people: PeopleStore) -> None:
    people.add_link(ONE, OWNER.email, LATER)

    assert [OWNER, None, None] == [people.spend_link(ONE, NOW) for _ in range(3)]
    assert people.owner_has_signed_in()


def test_of_many_who_spend_a_link_at_once_one_gets_in(people: PeopleStore) -> None:
    people.add_link(ONE, OWNER.email, LATER)
    with ThreadPoolExecutor(8) as pool:
        members = list(pool.map(lambda _: people.spend_link(ONE, NOW), range(8)))

    assert 1 == members.count(OWNER)
    assert 7 == members.count(None)


def test_an_expired_link_lets_nobody_in_and_says_nothing_of_a_visit(people: PeopleStore) -> None:
    people.add_link(ONE, OWNER.email, NOW)

    assert people.spend_link(ONE, NOW) is None
    assert not people.owner_has_signed_in()


def test_a_link_holds_to_its_last_moment(people: PeopleStore) -> None:
    people.add_link(ONE, OWNER.email, LATER)

    assert people.spend_link(ONE, LATER - MOMENT) == OWNER


def test_spending_one_link_leaves_the_others(people: PeopleStore) -> None:
    people.add_link(ONE, OWNER.email, LATER)
    people.add_link(TWO, OWNER.email, LATER)
    people.spend_link(ONE, NOW)

    assert people.spend_link(b"unknown", NOW) is None
    assert people.spend_link(TWO, NOW) == OWNER


def test_a_session_lives_until_its_end(people: PeopleStore) -> None:
    people.add_session(ONE, OWNER.email, LATER)

    assert OWNER == people.session(ONE, NOW) == people.session(ONE, LATER - MOMENT)
    assert people.session(ONE, LATER) is None
    assert people.session(TWO, NOW) is None


def test_an_ended_session_is_over_and_ending_it_again_is_no_error(people: PeopleStore) -> None:
    people.add_session(ONE, OWNER.email, LATER)
    people.add_session(TWO, OWNER.email, LATER)
    for _ in range(2):
        people.end_session(ONE)

    assert people.session(ONE, NOW) is None
    assert people.session(TWO, NOW) == OWNER


def test_links_and_sessions_are_kept_apart(people: PeopleStore) -> None:
    people.add_link(ONE, OWNER.email, LATER)
    people.add_session(TWO, OWNER.email, LATER)

    assert people.session(ONE, NOW) is None
    assert people.spend_link(TWO, NOW) is None
