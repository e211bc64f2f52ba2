"""
Which addresses are accepted, and that no organisation is left without an owner.
"""

import pytest

from gatekey.server.accounts.decide import check_email, check_last_owner
from gatekey.server.accounts.model import Member, Refused, Role

HOME = "home"
OWNER = Member("1", "ada@example.org", roles={HOME: frozenset({Role.OWNER})})
SECOND = Member("2", "bob@example.org", roles={HOME: frozenset({Role.OWNER})})
DEVELOPER = Member("1", "ada@example.org", roles={HOME: frozenset({Role.DEVELOPER})})


def test_an_address_is_accepted() -> None:
    assert check_email("ada@example.org") is None


@pytest.mark.parametrize("email", ["", "ada", "a@b@c", "a b@c", "a@b\n", "<a@b>", "a" * 65 + "@b", "a\x07@b"])
def test_what_is_no_address_is_refused_with_its_field(email: str) -> None:
    refused = check_email(email)

    assert isinstance(refused, Refused)
    assert "email" == refused.field


def test_the_last_owner_stays_one() -> None:
    refused = check_last_owner([OWNER], DEVELOPER, HOME)

    assert isinstance(refused, Refused)
    assert "role" == refused.field


def test_one_of_two_owners_may_become_something_else() -> None:
    assert check_last_owner([OWNER, SECOND], DEVELOPER, HOME) is None


def test_an_owner_who_stays_owner_is_no_question() -> None:
    assert check_last_owner([OWNER], OWNER, HOME) is None
