"""What the rest of the service asks of a limiter, wherever it keeps its state, and of the store of people's orders."""

from typing import Protocol

from gatekey.server.limits.model import LimitPolicy, Verdict
from gatekey.server.limits.orders import KeptRule, UnblockOrder
from gatekey.server.limits.rules import Subject


class Limiter(Protocol):
    """Decides on one request at a time and remembers it."""

    def ask(self, key: str, policy: LimitPolicy | None = None) -> Verdict:
        """
        Count one request under `key` (an address, or any other text that has a budget of its own) and return the
        verdict on it, by the limiter's own policy or by the one given.
        """
        ...

    def forget(self, key: str) -> bool:
        """Remove the state of `key`: its block ends, its budget is whole. Say whether there was anything to remove."""
        ...


class LimitStore(Protocol):
    """
    Keeps what people order of the limit; every change is one transaction with its audit entry.

    Times are in seconds since 1970. Methods raise `StorageUnavailable`.
    """

    def rules(self) -> tuple[KeptRule, ...]:
        """Return every rule, also one that has ended, by subject and name."""
        ...

    def set_rule(self, kept: KeptRule) -> None:
        """Keep a rule in place of the one about the same, and forget those that have ended."""
        ...

    def remove_rule(self, subject: Subject, name: str, *, by: str, at: float) -> bool:
        """Forget a rule; False when there is none."""
        ...

    def order_unblock(self, address: str, *, reason: str, by: str, at: float) -> None:
        """Have every worker forget an address."""
        ...

    def revision(self) -> int:
        """Return a number that changes with every rule and every order."""
        ...

    def orders(self, after: int | None) -> tuple[UnblockOrder, ...]:
        """Return the orders with higher numbers, or, for None, those that nobody has carried out; in their order."""
        ...

    def last_order(self) -> int:
        """Return the number of the newest order, 0 where there is none."""
        ...

    def note_done(self, order: UnblockOrder, *, at: float) -> None:
        """Note that a worker has carried an order out."""
        ...
