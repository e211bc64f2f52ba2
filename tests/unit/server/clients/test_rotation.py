"""
When secrets may come and go.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.clients.model import Refused, SecretRotation, StoredSecret
from gatekey.server.clients.rotation import LABEL_LIMIT, LIVE_LIMIT, LONGEST_OVERLAP, check_end, plan_rotation

NOW = datetime(2030, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


def secret(name: str = "new", *, ends: timedelta | None = None, label: str = "") -> StoredSecret:
    return StoredSecret(name, "client", b"", NOW, label=label, ends=None if ends is None else NOW + ends)


def planned(*known: StoredSecret, new: StoredSecret | None = None, overlap: timedelta = WEEK) -> SecretRotation:
    outcome = plan_rotation(known, new or secret(), overlap, NOW)
    assert isinstance(outcome, SecretRotation), outcome
    return outcome


def refused(*known: StoredSecret, new: StoredSecret | None = None, overlap: timedelta = WEEK) -> str:
    outcome = plan_rotation(known, new or secret(), overlap, NOW)
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


def test_the_secret_before_ends_after_the_overlap() -> None:
    old = secret("old")

    assert SecretRotation(secret(), (old,), NOW + WEEK, revoke=False) == planned(old)


def test_no_overlap_ends_all_others_now_with_their_tokens() -> None:
    known = (secret("a"), secret("b", ends=timedelta(hours=1)))

    assert SecretRotation(secret(), known, NOW, revoke=True) == planned(*known, overlap=timedelta(0))


def test_a_rotation_lengthens_no_life() -> None:
    soon, late = secret("soon", ends=timedelta(days=1)), secret("late", ends=timedelta(days=30))

    assert (late,) == planned(soon, late).ending


def test_an_ended_secret_stays_as_it_is() -> None:
    assert () == planned(secret("ended", ends=timedelta(0)), secret("long", ends=-WEEK)).ending


def test_a_client_whose_secrets_all_ended_can_have_a_new_one() -> None:
    """
    As after a leak report of the last one.
    """
    assert () == planned(secret("ended", ends=timedelta(0))).ending


def test_live_secrets_do_not_pile_up() -> None:
    known = [secret(str(number)) for number in range(LIVE_LIMIT)]

    assert planned(*known[1:])
    assert "too many live secrets" == refused(*known)


def test_ended_ones_do_not_count() -> None:
    ended = [secret(str(number), ends=timedelta(0)) for number in range(50)]

    assert planned(*ended, secret("old"))


def test_in_an_emergency_their_number_does_not_matter() -> None:
    known = [secret(str(number)) for number in range(LIVE_LIMIT + 3)]

    assert LIVE_LIMIT + 3 == len(planned(*known, overlap=timedelta(0)).ending)


@pytest.mark.parametrize("label", ["two\nlines", "\x1b[2J", "x" * (LABEL_LIMIT + 1), "\u202eevil", "a\0"])
def test_a_label_is_one_printable_line(label: str) -> None:
    assert "label not accepted" == refused(new=secret(label=label))


@pytest.mark.parametrize("label", ["", "Staging, 2027", "Zürich <b>", "x" * LABEL_LIMIT])
def test_any_line_is_a_label(label: str) -> None:
    assert label == planned(new=secret(label=label)).new.label


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), LONGEST_OVERLAP + timedelta(seconds=1), timedelta.min])
def test_an_overlap_is_a_time_that_ends(overlap: timedelta) -> None:
    assert "overlap not accepted" == refused(overlap=overlap)


@pytest.mark.parametrize("ends", [timedelta(0), timedelta(days=-1)])
def test_a_new_secret_is_not_dead_already(ends: timedelta) -> None:
    assert "end not accepted" == refused(new=secret(ends=ends))


def test_one_of_two_can_be_ended() -> None:
    assert check_end([secret("a"), secret("b")], "a", NOW) is None


@pytest.mark.parametrize("others", [[], [secret("b", ends=timedelta(0))]])
def test_the_last_one_that_works_cannot_be_ended(others: list[StoredSecret]) -> None:
    outcome = check_end([secret("a"), *others], "a", NOW)

    assert outcome
    assert "last live" in outcome.reason


@pytest.mark.parametrize("secret_id", ["?", "", "ended"])
def test_only_a_live_secret_can_be_ended(secret_id: str) -> None:
    outcome = check_end([secret("a"), secret("b"), secret("ended", ends=timedelta(0))], secret_id, NOW)

    assert outcome
    assert "unknown or ended" in outcome.reason


LIVES = st.lists(st.none() | st.timedeltas(-WEEK * 4, WEEK * 4), max_size=8)


@given(LIVES, st.timedeltas(timedelta(0), LONGEST_OVERLAP))
def test_after_the_overlap_only_the_new_one_lives(lives: list[timedelta | None], overlap: timedelta) -> None:
    known = [secret(str(number), ends=ends) for number, ends in enumerate(lives)]
    outcome = plan_rotation(known, secret(), overlap, NOW)
    if isinstance(outcome, Refused):
        assert outcome.reason == "too many live secrets"
        return
    ending = {each.secret_id for each in outcome.ending}
    left = [each for each in known if each.secret_id not in ending and each.lives(NOW + overlap)]

    assert [] == left
    assert all(each.lives(NOW) for each in outcome.ending)
    assert outcome.revoke is (overlap == timedelta(0))
