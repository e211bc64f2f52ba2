"""What people may order of the limit: exceptions, and forgetting an address at once."""

from collections.abc import Callable
from dataclasses import dataclass

from gatekey.server.limits.orders import KeptRule, Refused, read_key, read_network
from gatekey.server.limits.ports import LimitStore
from gatekey.server.limits.rules import Rule, Subject

NOTE_LIMIT = 200
"""Characters of a note or a reason: a sentence and a ticket's number."""

NO_ADDRESS = Refused("This is no IP address, such as 192.0.2.7 or 2001:db8::/64.", "not an address")
NO_NETWORK = Refused("This is no network, such as 192.0.2.0/24 or 2001:db8::/48.", "not a network")
NO_TIME = Refused("An exception lasts longer than nothing.", "no time")
LONG_NOTE = Refused(f"Notes and reasons are one line of at most {NOTE_LIMIT} characters.", "note too long")


@dataclass(frozen=True, slots=True)
class LimitAdministration:
    """
    Keeps exceptions and hands on orders; workers follow within a second. `now` returns seconds since 1970.

    `key_of` returns the key of an address as a person writes it, None for what is none. Methods that keep or look up
    something raise `StorageUnavailable`.
    """

    store: LimitStore
    now: Callable[[], float]
    key_of: Callable[[str], str | None] = read_key

    def allow(  # noqa: PLR0913 - what a rule is made of
        self,
        subject: Subject,
        name: str,
        *,
        by: str,
        rate: float | None = None,
        burst: int | None = None,
        lasting: float | None = None,
        note: str = "",
    ) -> Rule | Refused:
        """
        Let a network, a client or an organisation ask more, or as often as it likes; for `lasting` seconds or for
        ever.
        """
        named = read_network(name) if subject is Subject.ADDRESS else name
        if named is None:
            return NO_NETWORK
        if not _is_note(note):
            return LONG_NOTE
        if lasting is not None and lasting <= 0:
            return NO_TIME
        now = self.now()
        try:
            rule = Rule(subject, named, rate, burst, None if lasting is None else now + lasting, note)
        except ValueError as error:
            return Refused(f"This is no rule: {error}.", str(error))
        self.store.set_rule(KeptRule(rule, now, by))
        return rule

    def disallow(self, subject: Subject, name: str, *, by: str) -> bool:
        """Take an exception back; False when there is none."""
        named = read_network(name) if subject is Subject.ADDRESS else name
        return named is not None and self.store.remove_rule(subject, named, by=by, at=self.now())

    def rules(self) -> tuple[KeptRule, ...]:
        """Return the exceptions that hold now."""
        now = self.now()
        return tuple(kept for kept in self.store.rules() if kept.holds(now))

    def unblock(self, address: str, *, reason: str, by: str) -> str | Refused:
        """Have an address forgotten as if it had never asked: its block ends, its budget is whole. Return its key."""
        key = self.key_of(address)
        if key is None:
            return NO_ADDRESS
        if not _is_note(reason):
            return LONG_NOTE
        self.store.order_unblock(key, reason=reason, by=by, at=self.now())
        return key


def _is_note(text: str) -> bool:
    return len(text) <= NOTE_LIMIT and (text.isprintable() or not text)
