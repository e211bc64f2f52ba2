"""
Whether to use the token there is, to renew it, or to leave the token endpoint alone.

Pure: what is held, the time and chance are arguments. Held in memory by one source, or on disk by all processes of a
machine, for the limit of a token endpoint is per source address and not per process.
"""

from dataclasses import dataclass, field, replace
from typing import TypeAlias

from gatekey.client.failure import Failure, Kind
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

LONGEST_BAR = 3600.0
"""Seconds. A server that names more has a broken clock or means to lock us out; ask it again after an hour."""

COOL_DOWN = {Kind.REFUSED: 300.0, Kind.MALFORMED: 30.0, Kind.UNREACHABLE: 30.0}
"""
Seconds. Camunda's newest Java client leaves a refused credential alone for five minutes, its Python client for 30 s;
what may be a deployment in progress gets the shorter time.
"""

COOL_DOWN_SPREAD = 0.1
"""Of the cool-down, at most, by which it is longer at random."""

REPLACEMENT_PAUSE = 60.0
"""
Seconds between two renewals because an API refused a token that is not yet expired. A second refusal within them says
that the token was not the reason: zbctl, which does not see that, sends fifteen token requests a second.
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """Nobody asks from `since` until `until` (Unix seconds), because of `failure`, the `count`th in a row."""

    failure: Failure
    since: float
    until: float
    count: int = 1

    def stands(self, now: float) -> bool:
        """Whether it holds at `now`; a clock that was set back has made its times meaningless."""
        return self.since - STEPPED_BACK <= now < self.until


@dataclass(frozen=True, slots=True)
class Held:
    """What is known about one credential: its token, why it is left alone, and why its token endpoint is."""

    token: Token | None = None
    refusal: Bar | None = None
    """Of this credential alone."""
    pause: Bar | None = None
    """Of the token endpoint, for every credential. Only time ends it: a token that comes meanwhile proves nothing."""
    replaced_at: float | None = None
    """When a token was last renewed because an API refused it."""


NOTHING = Held()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller asks for; `patience` are the seconds it waits for a token endpoint that limits or is in trouble."""

    patience: float = 30.0
    """The Node.js SDK of Camunda gives up after 30 s too."""
    instead_of: SecretText | None = field(default=None)
    """A token that an API refused: another one is wanted, if there may be another."""
    forced: bool = False
    """A person knows better: ask now, whatever is held and whoever was refused. Limits are kept all the same."""


ANY = Wish()


@dataclass(frozen=True, slots=True)
class Use:
    """Here it is."""

    token: Token


@dataclass(frozen=True, slots=True)
class Renew:
    """Ask for a new one. With a `spare` nobody needs to wait for it, and a failure is remembered, not raised."""

    spare: Token | None = None


@dataclass(frozen=True, slots=True)
class Barred:
    """No token, and nobody asks for one now."""

    bar: Bar


Decision: TypeAlias = Use | Renew | Barred


def decide(held: Held, now: float, wish: Wish = ANY) -> Decision:
    """Decide what to do at `now` with what is held."""
    bar = standing_bar(held, now, wish)
    token = held.token
    if wish.forced or token is None or token.freshness(now) is Freshness.EXPIRED:
        return Barred(bar) if bar else Renew()
    if wish.instead_of == token.access_token:
        if not _replaceable(held, now):
            return Use(token)
        return Barred(bar) if bar else Renew()
    if token.freshness(now) is Freshness.STALE and bar is None:
        return Renew(token)
    return Use(token)


def standing_bar(held: Held, now: float, wish: Wish = ANY) -> Bar | None:
    """Return what keeps everybody from asking at `now`; a refusal goes before a pause, for waiting does not mend it."""
    if held.refusal and held.refusal.stands(now) and not wish.forced:
        return held.refusal
    return held.pause if held.pause and held.pause.stands(now) else None


def granted(held: Held, token: Token, wish: Wish = ANY) -> Held:
    """Return what is held after a token came."""
    return Held(token, None, held.pause, token.obtained_at if wish.instead_of else held.replaced_at)


def bar_for(failure: Failure, held: Held, now: float, jitter: float) -> Bar:
    """
    Return how long an attempt that failed at `now` keeps everybody off;
    `jitter` is a random number from 0 up to 1.
    """
    before = held.pause if failure.kind.passing else held.refusal
    count = before.count + 1 if before and now - before.until < FORGOTTEN_AFTER else 1
    if failure.kind.passing:
        return Bar(failure, now, now + _pause(failure, count, jitter), count)
    return Bar(failure, now, now + COOL_DOWN[failure.kind] * (1 + COOL_DOWN_SPREAD * jitter), count)


def failed(held: Held, bar: Bar, wish: Wish = ANY) -> Held:
    """
    Return what is held after an attempt failed. A pause does not shorten one that stands.

    A token that an API refused is dropped when the token endpoint refuses its client too: then the client is deleted.
    """
    if bar.failure.kind.passing:
        stands = held.pause and held.pause.stands(bar.since) and held.pause.until > bar.until
        return held if stands else replace(held, pause=bar)
    dropped = bar.failure.kind is Kind.REFUSED and held.token and wish.instead_of == held.token.access_token
    return replace(held, token=None if dropped else held.token, refusal=bar)


def merged(ours: Held, theirs: Held) -> Held:
    """Return the newest of what two places hold about one credential, such as memory and disk."""
    token = max((one.token for one in (ours, theirs) if one.token), key=lambda token: token.obtained_at, default=None)
    refusal, pause = _latest(ours.refusal, theirs.refusal), _latest(ours.pause, theirs.pause)
    replaced = max((one.replaced_at for one in (ours, theirs) if one.replaced_at is not None), default=None)
    if token and refusal and refusal.since < token.obtained_at:  # a token that came later ends the refusal before it
        refusal = None
    return Held(token, refusal, pause, replaced)


def _replaceable(held: Held, now: float) -> bool:
    return held.replaced_at is None or not 0 <= now - held.replaced_at < REPLACEMENT_PAUSE


def _pause(failure: Failure, count: int, jitter: float) -> float:
    backoff = min(FIRST_PAUSE * 2.0 ** min(count - 1, 10), LONGEST_PAUSE)
    floor = backoff if failure.retry_after is None else min(max(failure.retry_after, SHORTEST_PAUSE), LONGEST_BAR)
    return floor + backoff * jitter


def _latest(one: Bar | None, other: Bar | None) -> Bar | None:
    bars = [bar for bar in (one, other) if bar]
    return max(bars, key=lambda bar: bar.since, default=None)
