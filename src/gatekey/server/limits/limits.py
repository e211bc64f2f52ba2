"""
What edges ask: may this address, this client ask now, in which mode, and by which exception that people made.

Strict: one budget per address, asked before anything is read. Fair: a generous budget per address stands before two of
its own for each client there. Whoever proves to be a client spends the one of (address, client); whoever fails spends
another, so no stranger who merely knows an id uses up what its owner has. Shadow: as strict, but nothing is refused.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

from gatekey.server.callers.tracing import VIA
from gatekey.server.limits.model import LARGEST_COUNT, Admitted, Blocked, Limited, LimitPolicy, Verdict
from gatekey.server.limits.networks import Networks
from gatekey.server.limits.ports import Limiter
from gatekey.server.limits.rules import Rule, Subject

REMEMBERED = 1000
"""Addresses where clients were refused, and clients there; beyond, a block that is lifted by hand may stay for one."""

POLICIES = 256
"""Policies that are remembered without their block; there are hardly more exceptions."""


class Mode(StrEnum):
    """How requests are limited."""

    STRICT = "strict"
    FAIR = "fair"
    SHADOW = "shadow"


class Part(StrEnum):
    """Whose requests a budget counts; in answers, the name of its policy."""

    ADDRESS = "address"
    CLIENT = "client"
    """One client at one address, having proved who it is."""
    UNPROVED = "unproved"
    """Requests from one address that proved nothing: of one client's id, or of all ids that no client has."""


@dataclass(frozen=True, slots=True, eq=False)
class Budget:
    """
    Whose requests are counted together, and by which policy: None where nothing limits them. Compared by identity.

    What is `watched` is counted and told, but never refused.
    """

    part: Part
    policy: LimitPolicy | None
    watched: bool = False


class Ruling(NamedTuple):
    """What was found of one request. A tuple, because every request makes one."""

    budget: Budget
    verdict: Verdict

    @property
    def refusal(self) -> Limited | Blocked | None:
        """The verdict where it means that the request is refused."""
        return None if isinstance(self.verdict, Admitted) or self.budget.watched else self.verdict

    @property
    def public(self) -> str:
        """The words for the caller."""
        match self.verdict:
            case Admitted():
                return ""
            case Limited(retry_after):
                return f"{LIMITED[self.budget.part]} Ask again in {retry_after} s, and keep the token."
            case Blocked(retry_after):
                return f"{BLOCKED[self.budget.part]} for {retry_after} s: it went on asking while it was limited."


LIMITED = {
    Part.ADDRESS: "Too many token requests from this address.",
    Part.CLIENT: "Too many token requests of this client from this address.",
    Part.UNPROVED: "Too many failed requests from this address; a right secret works all the same.",
}
BLOCKED = {
    Part.ADDRESS: "This address is blocked",
    Part.CLIENT: "This client is blocked at this address",
    Part.UNPROVED: "Whoever proves no client (a right secret works all the same) is blocked at this address",
}

FREE = Ruling(Budget(Part.ADDRESS, None), Admitted())


@dataclass(frozen=True, slots=True)
class _Book:
    """The rules in the form in which they are looked up; `ends` is when the first of them does."""

    networks: Networks[Budget]
    clients: dict[str, Budget]
    organisations: dict[str, Budget]
    ends: float | None


class Limits:
    """
    Asks the limiter by mode and rules. `cap` is what one address may ask in fair mode, whoever is there; it never
    blocks, or one client could lock out its neighbours. `always` are rules that stand beside those that are followed;
    `now` is in seconds since 1970. Any thread may ask, and any may say which rules to follow.
    """

    def __init__(  # noqa: PLR0913 - what limits are made of
        self,
        limiter: Limiter,
        policy: LimitPolicy,
        now: Callable[[], float],
        *,
        mode: Mode = Mode.STRICT,
        cap: LimitPolicy | None = None,
        always: Iterable[Rule] = (),
    ) -> None:
        self.limiter = limiter
        self.policy = policy
        self.mode = mode
        self.fair = mode is Mode.FAIR
        self._now = now
        self._always = tuple(always)
        self._rules: tuple[Rule, ...] = ()
        of_address = _without_block(cap or policy) if mode is Mode.FAIR else policy
        self._address = Budget(Part.ADDRESS, of_address, watched=mode is Mode.SHADOW)
        self._client = Budget(Part.CLIENT, policy)
        self._unproved = Budget(Part.UNPROVED, policy)
        self._refused: dict[str, set[str]] = {}
        """Keys of the clients that were refused, by address."""
        self._changing = Lock()
        self._book = self._compile(())

    def follow(self, rules: Iterable[Rule]) -> None:
        """Let these rules hold from now on, in place of those followed before."""
        following = tuple(rules)
        if following == self._rules:
            return
        with self._changing:
            self._book = self._compile(following)
            self._rules = following

    def ask(self, address: str) -> Ruling:
        """Count one request of an address (a key from `key_of`), before anything of it is read."""
        book = self._book if self._book.ends is None else self._current()
        budget = book.networks.find(address) or self._address if book.networks else self._address
        if budget.policy is None:
            return FREE
        return Ruling(budget, self.limiter.ask(address, _policy_for(address, budget.policy)))

    def ask_proved(self, address: str, client_id: str, organisation_id: str) -> Ruling:
        """Count one request of a client that proved who it is; a client's rule counts more than its organisation's."""
        book = self._current()
        if _is_free(book, address):
            return FREE
        budget = book.clients.get(client_id) or book.organisations.get(organisation_id) or self._client
        return self._ask_apart(budget, address, f"{address} {client_id}")

    def ask_unproved(self, address: str, client_id: str | None) -> Ruling:
        """
        Count one request that proved nothing. `client_id` is None for ids that no client has: all of them together have
        one budget per address, so inventing ids opens none.
        """
        if _is_free(self._current(), address):
            return FREE
        # No key of an address and no client id has a blank, so no two of these keys ever are the same.
        key = f"{address} unproved" if client_id is None else f"{address} {client_id} unproved"
        return self._ask_apart(self._unproved, address, key)

    def forget(self, address: str) -> bool:
        """
        Be as if nobody had asked from this address: neither it nor a client there is refused any more. Say whether
        there was anything to forget.

        Which clients were refused there is known to the `Limits` that refused them, so where several share a limiter,
        each is told.
        """
        with self._changing:
            keys = {address, *self._refused.pop(address, ())}
        return any([self.limiter.forget(key) for key in keys])  # noqa: C419 - all of them, not up to the first

    def _ask(self, budget: Budget, key: str) -> Ruling:
        if budget.policy is None:
            return FREE
        return Ruling(budget, self.limiter.ask(key, _policy_for(key, budget.policy)))

    def _ask_apart(self, budget: Budget, address: str, key: str) -> Ruling:
        ruling = self._ask(budget, key)
        if not isinstance(ruling.verdict, Admitted) and key not in self._refused.get(address, ()):
            with self._changing:
                known = self._refused.setdefault(address, set())
                if len(self._refused) > REMEMBERED:
                    del self._refused[next(iter(self._refused))]
                if len(known) < REMEMBERED:
                    known.add(key)
        return ruling

    def _current(self) -> _Book:
        book = self._book
        if book.ends is not None and book.ends <= self._now():
            with self._changing:
                book = self._book = self._compile(self._rules)
        return book

    def _compile(self, rules: tuple[Rule, ...]) -> _Book:
        now = self._now()
        live = [rule for rule in (*self._always, *rules) if rule.ends is None or rule.ends > now]
        # The stricter of two rules about the same is taken last, so it holds.
        live.sort(key=lambda rule: float("inf") if rule.rate is None else rule.rate, reverse=True)

        def about(subject: Subject, usual: Budget) -> dict[str, Budget]:
            return {rule.name: _budget(rule, usual) for rule in live if rule.subject is subject}

        return _Book(
            Networks(about(Subject.ADDRESS, self._address).items()),
            about(Subject.CLIENT, self._client),
            about(Subject.ORGANISATION, self._client),
            min((rule.ends for rule in live if rule.ends is not None), default=None),
        )


def _budget(rule: Rule, usual: Budget) -> Budget:
    if rule.rate is None or rule.burst is None or usual.policy is None:
        return replace(usual, policy=None)
    return replace(usual, policy=replace(usual.policy, rate=rule.rate, burst=rule.burst))


def _policy_for(key: str, policy: LimitPolicy) -> LimitPolicy:
    # A proxy that named nobody lacks a setting; a block would hit everybody behind it.
    return _without_block(policy) if key.startswith(VIA) else policy


@lru_cache(POLICIES)
def _without_block(policy: LimitPolicy) -> LimitPolicy:
    return replace(policy, block_after=LARGEST_COUNT)


def _is_free(book: _Book, address: str) -> bool:
    found = book.networks.find(address)
    return found is not None and found.policy is None
