"""
Whether to use the token there is, to renew it, or to leave the token endpoint alone.

Pure: what is known, the time and chance are arguments. Known to one source in memory, or to all processes of a machine
on disk, for the limit of a token endpoint is per source address and not per process.
"""

from dataclasses import dataclass, field, replace
from typing import TypeAlias

from gatekey.client.failures import Failure, FailureKind
from gatekey.client.token import STEPPED_BACK, Freshness, Token
from gatekey.oauth.secret_text import SecretText

FIRST_PAUSE = 1.0
"""Seconds; the token service of Camunda allows about one request per second and address."""

LONGEST_PAUSE = 60.0
"""Seconds between two attempts, at most, at a server that is in trouble and names no time itself."""

SHORTEST_PAUSE = 0.1
"""Seconds, also where `Retry-After` is 0: a server that says so while it limits does not mean a loop."""

FORGOTTEN_AFTER = 60.0
"""Seconds after a pause until the next failure counts as the first again."""

LONGEST_BACKOFF = 3600.0
"""Seconds. A server that names more has a broken clock or means to lock us out; ask it again after an hour."""

COOL_DOWN = 30.0
"""Seconds until something is asked again that waiting does not mend: Camunda's Python client leaves a 401 alone so."""

SHORT_COOL_DOWN = 10.0
"""Seconds, the first time, after a refusal that one command of an operator ends: a scope or audience not granted."""

LONGEST_COOL_DOWN = 300.0
"""Seconds between two requests with a refused credential, at most; each pause is twice the one before."""

COOL_DOWN_SPREAD = 0.1
"""Of the cool-down, at most, by which it is longer at random."""

UNAUTHORIZED = 401

REPLACEMENT_PAUSE = 60.0
"""
Seconds between two renewals because an API refused a token that is not yet expired. A second refusal within them says
that the token was not the reason: zbctl, which does not see that, sends fifteen token requests a second.
"""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Nobody asks from `since` until `until` (Unix seconds), because of `failure`, the `count`th in a row."""

    failure: Failure
    since: float
    until: float
    count: int = 1

    def stands(self, now: float) -> bool:
        """Whether it holds at `now`; a clock that was set back has made its times meaningless."""
        return self.since - STEPPED_BACK <= now < self.until


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """What is known about one credential: its token, why it is left alone, and why its token endpoint is."""

    token: Token | None = None
    refusal: Backoff | None = None
    """Of this credential alone."""
    pause: Backoff | None = None
    """Of the token endpoint, for every credential. Only time ends it, no token that comes in between."""
    replaced_at: float | None = None
    """When a token was last renewed because an API refused it."""


NOTHING = CacheEntry()


@dataclass(frozen=True, slots=True)
class TokenDemand:
    """What a caller asks for; `patience` are the seconds it waits for a token endpoint that limits or is in trouble."""

    patience: float = 30.0
    """The Node.js SDK of Camunda gives up after 30 s too."""
    instead_of: SecretText | None = field(default=None)
    """A token that an API refused: another one is wanted, if there may be another."""
    forced: bool = False
    """A person knows better: ask now, in spite of a token or a refusal. Limits are kept all the same."""
    max_age: float | None = None
    """Seconds. An older token is not taken without asking, unless the token endpoint cannot be asked now."""
    changed_at: float = 0.0
    """When the credentials were last changed (Unix seconds): a refusal from before says nothing about them."""


ANY = TokenDemand()


@dataclass(frozen=True, slots=True)
class Use:
    """Here it is."""

    token: Token


@dataclass(frozen=True, slots=True)
class Renew:
    """Ask for a new one. With a `spare` nobody needs to wait for it, and a failure is remembered, not raised."""

    spare: Token | None = None


@dataclass(frozen=True, slots=True)
class Abstain:
    """No token, and nobody asks for one now."""

    backoff: Backoff


Decision: TypeAlias = Use | Renew | Abstain


def decide(entry: CacheEntry, now: float, demand: TokenDemand = ANY) -> Decision:
    """Decide what to do at `now` with what is known."""
    backoff = standing_backoff(entry, now, demand)
    ask = Abstain(backoff) if backoff else Renew()
    token = entry.token
    if demand.forced or token is None or token.freshness(now) is Freshness.EXPIRED:
        return ask
    if demand.instead_of == token.access_token:
        return ask if _replaceable(entry, now) else Use(token)
    if demand.max_age is not None and not 0 <= now - token.obtained_at <= demand.max_age:
        refused = backoff is None or backoff.failure.kind is FailureKind.REFUSED
        return ask if refused else Use(token)
    if token.freshness(now) is Freshness.STALE and backoff is None:
        return Renew(token)
    return Use(token)


def standing_backoff(entry: CacheEntry, now: float, demand: TokenDemand = ANY) -> Backoff | None:
    """Return what keeps everybody from asking at `now`; a refusal goes before a pause, for waiting does not mend it."""
    refusal, pause = entry.refusal, entry.pause
    if refusal and refusal.stands(now) and refusal.since >= demand.changed_at and not demand.forced:
        return refusal
    return pause if pause and pause.stands(now) else None


def granted(entry: CacheEntry, token: Token, demand: TokenDemand = ANY) -> CacheEntry:
    """Return what is known after a token came."""
    return CacheEntry(token, None, entry.pause, token.obtained_at if demand.instead_of else entry.replaced_at)


def backoff_for(failure: Failure, entry: CacheEntry, now: float, jitter: float) -> Backoff:
    """Return how long an attempt that failed at `now` keeps everybody off; `jitter` is a random number from 0 to 1."""
    before = entry.pause if failure.kind.passing else entry.refusal
    count = before.count + 1 if before and now - before.until < FORGOTTEN_AFTER else 1
    seconds = _pause(failure, count, jitter) if failure.kind.passing else _cool_down(failure, count, jitter)
    return Backoff(failure, now, now + seconds, count)


def failed(entry: CacheEntry, backoff: Backoff, demand: TokenDemand = ANY) -> CacheEntry:
    """
    Return what is known after an attempt failed. A pause does not shorten one that stands.

    A token that an API refused is dropped: the next caller shall not try it again.
    """
    kept = without(entry, demand.instead_of)
    if not backoff.failure.kind.passing:
        return replace(kept, refusal=backoff)
    stands = entry.pause and entry.pause.stands(backoff.since) and entry.pause.until > backoff.until
    return kept if stands else replace(kept, pause=backoff)


def without(entry: CacheEntry, refused: SecretText | None) -> CacheEntry:
    """Return the same without the token that an API refused, if it is still that one."""
    return replace(entry, token=None) if entry.token and entry.token.access_token == refused else entry


def merged(ours: CacheEntry, theirs: CacheEntry) -> CacheEntry:
    """Return the newest of what two places know about one credential, such as memory and disk."""
    token = max((one.token for one in (ours, theirs) if one.token), key=lambda token: token.obtained_at, default=None)
    refusal, pause = latest(ours.refusal, theirs.refusal), latest(ours.pause, theirs.pause)
    replaced = max((one.replaced_at for one in (ours, theirs) if one.replaced_at is not None), default=None)
    if token and refusal and refusal.since < token.obtained_at:  # a token that came later ends the refusal before it
        refusal = None
    return CacheEntry(token, refusal, pause, replaced)


def latest(one: Backoff | None, other: Backoff | None) -> Backoff | None:
    """Return the one that began later."""
    if one is None or other is None:
        return one or other
    return one if one.since >= other.since else other


def _replaceable(entry: CacheEntry, now: float) -> bool:
    return entry.replaced_at is None or not 0 <= now - entry.replaced_at < REPLACEMENT_PAUSE


def _pause(failure: Failure, count: int, jitter: float) -> float:
    backoff = min(FIRST_PAUSE * 2.0 ** min(count - 1, 10), LONGEST_PAUSE)
    floor = backoff if failure.retry_after is None else min(max(failure.retry_after, SHORTEST_PAUSE), LONGEST_BACKOFF)
    return floor + backoff * jitter


def _cool_down(failure: Failure, count: int, jitter: float) -> float:
    if failure.kind is not FailureKind.REFUSED:
        return COOL_DOWN * (1 + COOL_DOWN_SPREAD * jitter)
    first = COOL_DOWN if failure.status == UNAUTHORIZED else SHORT_COOL_DOWN
    return min(first * 2.0 ** min(count - 1, 10), LONGEST_COOL_DOWN) * (1 + COOL_DOWN_SPREAD * jitter)
