"""Following what people order of the limit: within a second, in every worker."""

from collections.abc import Callable, Sequence

from gatekey.server.limits.orders import KeptRule
from gatekey.server.limits.ports import LimitStore
from gatekey.server.limits.rules import Rule

LOOK_SECONDS = 1.0
"""How often a worker looks; while nothing changes, one row is read."""


class LimitFollowing:
    """
    Hands orders to `forget`, and the rules that hold to `follow` whenever they change or one of them ends.

    `forget` takes an address's key and may raise `StorageUnavailable`, `follow` takes all rules at once; both may be
    called from any thread. `now` returns seconds since 1970.
    """

    def __init__(
        self,
        store: LimitStore,
        forget: Callable[[str], bool],
        follow: Callable[[Sequence[Rule]], None],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._forget = forget
        self._follow = follow
        self._now = now
        self._revision: int | None = None
        self._last: int | None = None
        self._kept: tuple[KeptRule, ...] = ()
        self._followed: tuple[Rule, ...] = ()

    def look(self) -> None:
        """Carry out what is new. Raises `StorageUnavailable`; then it is tried again the next time."""
        revision = self._store.revision()
        if revision != self._revision:
            self._carry_out()
            self._kept = self._store.rules()
            self._revision = revision
        now = self._now()
        current = tuple(kept.rule for kept in self._kept if kept.holds(now))
        if current != self._followed:
            self._follow(current)
            self._followed = current

    def _carry_out(self) -> None:
        # A worker that starts leaves alone what others did before: an address may have been blocked again since. What
        # nobody did, because the service was down, it does.
        last = self._store.last_order()
        orders = self._store.orders(self._last)
        for order in orders:
            self._forget(order.address)
            # One by one: where the limits' own store is away, those before must not be carried out again.
            self._store.note_done(order, at=self._now())
            self._last = None if self._last is None else order.number
        self._last = max([last, *(order.number for order in orders)])
