from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekey.server.limits.administration import LONG_NOTE, NO_ADDRESS, NO_NETWORK, NO_TIME, LimitAdministration
from gatekey.server.limits.orders import Refused
from gatekey.server.limits.rules import Rule, Subject
from gatekey.server.storage.stores.limit_store import SqlLimitStore
from support.credentials import Clock
from support.service import installed


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(tmp_path: Path, clock: Clock) -> Iterator[LimitAdministration]:
    with installed(tmp_path / "data") as installation:
        yield LimitAdministration(SqlLimitStore(installation.database), clock)


def test_an_exception_holds_as_long_as_it_was_made_for(limits: LimitAdministration, clock: Clock) -> None:
    rule = limits.allow(Subject.ADDRESS, "192.0.2.9/24", rate=5, burst=9, lasting=60, note="n", by="b")

    assert Rule(Subject.ADDRESS, "192.0.2.0/24", 5, 9, clock() + 60, "n") == rule
    assert [(rule, clock(), "b")] == [(kept.rule, kept.created, kept.by) for kept in limits.rules()]

    clock.seconds += 60

    assert () == limits.rules()


def test_what_makes_no_sense_is_refused_and_kept_nowhere(limits: LimitAdministration) -> None:
    half = limits.allow(Subject.CLIENT, "c", rate=5, by="b")

    assert NO_NETWORK == limits.allow(Subject.ADDRESS, "payments", by="b")
    assert isinstance(half, Refused)
    assert "a limit has a rate and a burst" in half.public
    assert NO_TIME == limits.allow(Subject.CLIENT, "c", lasting=0, by="b")
    assert LONG_NOTE == limits.allow(Subject.CLIENT, "c", note="two\nlines", by="b")
    assert LONG_NOTE == limits.unblock("192.0.2.1", reason="x" * 201, by="b")
    assert NO_ADDRESS == limits.unblock("payments", reason="", by="b")
    assert () == limits.rules()


def test_an_exception_is_taken_back_by_any_spelling(limits: LimitAdministration) -> None:
    limits.allow(Subject.ADDRESS, "192.0.2.0/24", by="b")

    assert not limits.disallow(Subject.CLIENT, "192.0.2.0/24", by="b")
    assert not limits.disallow(Subject.ADDRESS, "nonsense", by="b")
    assert limits.disallow(Subject.ADDRESS, "192.0.2.77/24", by="b")
    assert () == limits.rules()


def test_an_address_is_unblocked_by_the_key_it_is_limited_under(limits: LimitAdministration) -> None:
    assert "2001:db8::/64" == limits.unblock("2001:db8::1", reason="", by="b")
    assert ["2001:db8::/64"] == [order.address for order in limits.store.orders(None)]
