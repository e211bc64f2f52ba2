"""
Over the real store.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatekey.server.accounts.model import LINK_LIFETIME, SESSION_LIFETIME
from gatekey.server.accounts.sign_in import SignIn
from support.service import installed

START = datetime(2030, 1, 1, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


@dataclass
class HandClock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def sign_in(tmp_path: Path, clock: HandClock) -> Iterator[SignIn]:
    keys = (f"key-{number}" for number in itertools.count())
    with installed(tmp_path / "data") as installation:
        yield replace(installation.sign_in, now=clock, make_key=keys.__next__)


def test_a_link_becomes_one_session_of_the_owner(sign_in: SignIn) -> None:
    link = sign_in.issue_link()

    signed_in = sign_in.redeem(link)
    assert signed_in is not None

    assert ("owner@localhost", START + SESSION_LIFETIME) == (signed_in.member.email, signed_in.ends)
    assert link != signed_in.key
    assert signed_in.member == sign_in.recognise(signed_in.key)


def test_a_link_works_once(sign_in: SignIn) -> None:
    link = sign_in.issue_link()
    sign_in.redeem(link)

    assert sign_in.redeem(link) is None


def test_links_are_independent_of_each_other(sign_in: SignIn) -> None:
    first, second = sign_in.issue_link(), sign_in.issue_link()

    assert sign_in.redeem(second) is not None
    assert sign_in.redeem(first) is not None


def test_a_link_ends_after_an_hour(sign_in: SignIn, clock: HandClock) -> None:
    in_time, too_late = sign_in.issue_link(), sign_in.issue_link()
    clock.now = START + LINK_LIFETIME - MOMENT
    last = sign_in.redeem(in_time)
    clock.now = START + LINK_LIFETIME

    assert timedelta(hours=1) == LINK_LIFETIME
    assert last is not None
    assert sign_in.redeem(too_late) is None


def test_a_session_ends_after_twelve_hours(sign_in: SignIn, clock: HandClock) -> None:
    signed_in = sign_in.redeem(sign_in.issue_link())
    assert signed_in is not None
    clock.now = signed_in.ends - MOMENT
    last = sign_in.recognise(signed_in.key)
    clock.now = signed_in.ends

    assert timedelta(hours=12) == SESSION_LIFETIME
    assert signed_in.member == last
    assert sign_in.recognise(signed_in.key) is None


def test_signing_out_ends_this_session_and_no_other(sign_in: SignIn) -> None:
    mine, other = sign_in.redeem(sign_in.issue_link()), sign_in.redeem(sign_in.issue_link())
    assert mine is not None
    assert other is not None
    sign_in.sign_out(mine.key)
    sign_in.sign_out(mine.key)

    assert sign_in.recognise(mine.key) is None
    assert other.member == sign_in.recognise(other.key)


@pytest.mark.parametrize("key", ["", "key-0 ", "KEY-0", "unknown", "\0", "ü", "a" * 100_000])
def test_what_was_never_issued_opens_nothing(sign_in: SignIn, key: str) -> None:
    sign_in.issue_link()

    assert sign_in.redeem(key) is None
    assert sign_in.recognise(key) is None
    sign_in.sign_out(key)


def test_a_link_is_no_session_and_a_session_no_link(sign_in: SignIn) -> None:
    link = sign_in.issue_link()
    signed_in = sign_in.redeem(sign_in.issue_link())
    assert signed_in is not None

    assert sign_in.recognise(link) is None
    assert sign_in.redeem(signed_in.key) is None


def test_it_is_known_whether_the_owner_ever_came_in(sign_in: SignIn) -> None:
    link = sign_in.issue_link()
    before = sign_in.owner_has_signed_in()
    sign_in.redeem(link)

    assert (False, True) == (before, sign_in.owner_has_signed_in())


def test_no_printing_shows_the_key_of_a_session(sign_in: SignIn) -> None:
    signed_in = sign_in.redeem(sign_in.issue_link())
    assert signed_in is not None

    assert signed_in.key not in repr(signed_in)
