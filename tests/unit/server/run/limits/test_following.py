"""
Orders and rules reach a worker once, and none is lost to a stop or repeated by a start.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gatekey.errors import StorageUnavailable
from gatekey.server.limits.administration import LimitAdministration
from gatekey.server.limits.model import Admitted, Blocked, LimitPolicy
from gatekey.server.limits.rules import Rule, Subject
from gatekey.server.run.limits.following import LimitFollowing
from gatekey.server.storage.stores.limit_store import SqlLimitStore
from support.credentials import Clock
from support.service import host_limiter, installed

HOME = "192.0.2.1"


@dataclass
class Office:
    store: SqlLimitStore
    clock: Clock = field(default_factory=Clock)

    @property
    def orders(self) -> LimitAdministration:
        return LimitAdministration(self.store, self.clock)

    def worker(self) -> "Worker":
        return Worker(self)


class Worker:
    """
    A limiter that blocks at the second request, and what it was told.
    """

    def __init__(self, office: Office) -> None:
        self.limiter = host_limiter(LimitPolicy(burst=1, block_after=1), lambda: 10**12)
        self.told: list[Sequence[Rule]] = []
        self.forgotten: list[str] = []
        self.following = LimitFollowing(office.store, self.forget, self.told.append, office.clock)

    def forget(self, address: str) -> bool:
        self.forgotten.append(address)
        return self.limiter.forget(address)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with installed(tmp_path / "data") as installation:
        yield Office(SqlLimitStore(installation.database))


def test_an_order_lifts_the_block_in_every_worker(office: Office) -> None:
    workers = [office.worker() for _ in range(3)]
    for worker in workers:
        worker.following.look()
        verdicts = [worker.limiter.ask(HOME) for _ in range(2)]
        assert isinstance(verdicts[-1], Blocked)
    office.orders.unblock(HOME, reason="", by="test")
    for worker in workers:
        worker.following.look()

    assert all(isinstance(worker.limiter.ask(HOME), Admitted) for worker in workers)


def test_an_order_is_carried_out_once(office: Office) -> None:
    worker = office.worker()
    worker.following.look()
    office.orders.unblock(HOME, reason="", by="test")
    for _ in range(3):
        worker.following.look()
    office.orders.allow(Subject.CLIENT, "c", by="test")
    worker.following.look()

    assert [HOME] == worker.forgotten


def test_a_worker_that_starts_does_not_repeat_what_was_done(office: Office) -> None:
    """
    The address may have been blocked again since.
    """
    office.worker().following.look()
    running = office.worker()
    office.orders.unblock(HOME, reason="", by="test")
    running.following.look()
    started = office.worker()
    started.following.look()

    assert ([HOME], []) == (running.forgotten, started.forgotten)


def test_what_was_ordered_while_nobody_served_is_done_at_the_start(office: Office) -> None:
    office.orders.unblock(HOME, reason="", by="test")
    worker = office.worker()
    worker.following.look()

    assert [HOME] == worker.forgotten


@pytest.mark.parametrize("started", [True, False], ids=["running", "starting"])
def test_while_the_limits_own_store_is_away_an_order_waits_and_none_is_repeated(
    office: Office,
    started: bool,  # noqa: FBT001 - the two workers of the claim
) -> None:
    away, forgotten = {"192.0.2.2"}, []

    def forget(address: str) -> bool:
        if address in away:
            raise StorageUnavailable("The store of the limits does not answer.")
        forgotten.append(address)
        return True

    following = LimitFollowing(office.store, forget, lambda _rules: None, office.clock)
    if started:
        following.look()
    for address in (HOME, "192.0.2.2", "192.0.2.3"):
        office.orders.unblock(address, reason="", by="test")
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            following.look()
    away.clear()
    following.look()
    following.look()

    assert [HOME, "192.0.2.2", "192.0.2.3"] == forgotten


def test_rules_are_told_when_they_change_and_when_one_ends(office: Office) -> None:
    worker = office.worker()
    worker.following.look()
    office.orders.allow(Subject.ADDRESS, "192.0.2.9/24", by="test", lasting=60)
    office.orders.allow(Subject.CLIENT, "c", rate=5, burst=5, by="test")
    worker.following.look()
    worker.following.look()
    office.clock.seconds += 60
    worker.following.look()
    office.orders.disallow(Subject.CLIENT, "c", by="test")
    worker.following.look()

    assert [["192.0.2.0/24", "c"], ["c"], []] == [[rule.name for rule in rules] for rules in worker.told]
