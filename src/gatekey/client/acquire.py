"""
How a token comes to be: look, decide, lock, look again, ask, keep.

Pure generators. They yield steps; a driver performs them and sends the reply back, and throws a `TransportError` in
where no answer came. So the same flow serves threads, event loops and tests without either. Each may be abandoned at
any step: the driver gives the lock back.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, assert_never

from gatekey.client.answer import TokenAnswer, read_answer
from gatekey.client.config.settings import ClientSettings
from gatekey.client.events import Event, TokenReceived, TokenRequestDelayed, TokenRequested, TokenRequestFailed
from gatekey.client.failures import Failure, FailureKind, TransportError
from gatekey.client.http import HttpRequest, HttpResponse, shown
from gatekey.client.policy import (
    ANY,
    Abstain,
    Backoff,
    CacheEntry,
    Renew,
    TokenDemand,
    Use,
    backoff_for,
    decide,
    failed,
    granted,
    without,
)
from gatekey.client.token import Freshness, Token

T = TypeVar("T")

RETRY_PAUSE = 0.005
"""Seconds that pass before a lock is tried again that seemed to be free and was not: no loop may be a busy one."""

LOCK_PATIENCE = 30.0
"""
Seconds. Requests end within ten, by the transport's time limit. Who holds the lock for longer was stopped, not killed:
then two requests are better than none.
"""

EXPIRED_ON_ARRIVAL = Failure(
    FailureKind.MALFORMED,
    "The token endpoint granted a token that ended before its answer was here.",
    "Give tokens of this client a lifetime of minutes at least; check the server's clock.",
    200,
)


@dataclass(frozen=True, slots=True)
class Send:
    """Perform one HTTP request and send its response back, whatever its status."""

    request: HttpRequest


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let so many seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Look:
    """Reply with what is known, and when that was: `Seen`."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Reply with the time (Unix seconds)."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Try to become the only one who renews this credential, without waiting; reply whether it worked."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until nobody seems to have the lock, at most so many seconds; reply whether that came."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Unlock:
    """Let others renew again."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep this from now on, for everybody who shares it."""

    entry: CacheEntry


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the listener."""

    event: Event


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known, and the time of looking (Unix seconds)."""

    entry: CacheEntry
    now: float


Step: TypeAlias = Send | Sleep | Look | Clock | Lock | Wait | Unlock | Keep | Tell
Reply: TypeAlias = HttpResponse | Seen | float | bool | None
Flow: TypeAlias = Generator[Step, Reply, T]
Jitter: TypeAlias = Callable[[], float]
"""Returns a random number from 0 up to 1, as `random.random` does."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What it takes to ask: the settings, how a request is made of them at a given time, and chance."""

    settings: ClientSettings
    request_at: Callable[[float], HttpRequest]
    jitter: Jitter


def obtain(asking: Asking, demand: TokenDemand = ANY) -> Flow[Token | Backoff]:
    """
    Return a token, or what stands in the way of one for longer than the demand's patience.

    One that is due for renewal is as good as any; `renew_early` renews it. A pause is never cut short: one that ends
    beyond the patience ends the flow at once. Waiting is done without the lock, so that nobody waits for who waits.
    """
    seen = yield from _reply(Look(), Seen)
    deadline, freed, stopped = seen.now + demand.patience, False, False
    while True:
        match decide(seen.entry, seen.now, demand):
            case Use(token) | Renew(Token() as token):
                return token
            case Abstain(backoff):
                if not (yield from _wait_out(backoff, seen.now, deadline)):
                    yield from _drop(demand, seen.entry)
                    return backoff
            case Renew() if stopped or (yield from _reply(Lock(), bool)):
                outcome = yield from _renew(asking, demand)
                yield Unlock()
                if isinstance(outcome, Token) or (outcome and demand.forced and not outcome.failure.kind.passing):
                    return outcome
            case Renew():
                if freed:
                    yield Sleep(RETRY_PAUSE)
                freed = yield from _reply(Wait(LOCK_PATIENCE), bool)
                stopped = not freed
            case unknown:
                assert_never(unknown)
        seen = yield from _reply(Look(), Seen)


def renew_early(asking: Asking) -> Flow[bool]:
    """Renew a token that is still good, unless somebody else is at it; return whether it was looked after here."""
    if not (yield from _reply(Lock(), bool)):
        return False
    yield from _renew(asking, ANY)
    yield Unlock()
    return True


def _renew(asking: Asking, demand: TokenDemand) -> Flow[Token | Backoff | None]:
    """Look again, now that the lock is ours, and ask if it is still needed; None where it is not."""
    seen = yield from _reply(Look(), Seen)
    decision = decide(seen.entry, seen.now, demand)
    if not isinstance(decision, Renew):
        return None
    early = decision.spare is not None
    settings = asking.settings
    yield Tell(TokenRequested(shown(settings.token_url), settings.client_id, settings.audience))
    outcome = yield from ask(asking, seen.now)
    if isinstance(outcome, TokenAnswer):
        token = Token.received(outcome.access_token, outcome.expires_in, seen.now, outcome.scope, asking.jitter())
        if token.freshness((yield from _reply(Clock(), float))) is not Freshness.EXPIRED:
            yield Keep(granted(seen.entry, token, demand))
            yield Tell(TokenReceived(outcome.expires_in, early))
            return token
        outcome = EXPIRED_ON_ARRIVAL
    after = yield from _reply(Look(), Seen)  # others may have met a pause in between
    backoff = backoff_for(outcome, after.entry, after.now, asking.jitter())
    yield Keep(failed(after.entry, backoff, demand))
    yield Tell(TokenRequestFailed(outcome, backoff.until - after.now, early))
    return backoff


def ask(asking: Asking, now: float) -> Flow[TokenAnswer | Failure]:
    """Send one token request and return the token, or what its failure means."""
    request = asking.request_at(now)
    try:
        response = yield from _reply(Send(request), HttpResponse)
    except TransportError as error:
        return Failure.unreached(shown(request.url), error)
    return read_answer(response, asking.settings.client_secret)


def _wait_out(backoff: Backoff, now: float, deadline: float) -> Flow[bool]:
    """Wait for the end of a backoff, if that can help and there is patience left; return whether it was waited for."""
    if not backoff.failure.kind.passing or backoff.until > deadline:
        return False
    yield Tell(TokenRequestDelayed(backoff.until - now))
    yield Sleep(backoff.until - now)
    return True


def _drop(demand: TokenDemand, entry: CacheEntry) -> Flow[None]:
    """Have nobody use a token that an API refused while another cannot be had."""
    if without(entry, demand.instead_of) is entry or not (yield from _reply(Lock(), bool)):
        return
    seen = yield from _reply(Look(), Seen)
    yield Keep(without(seen.entry, demand.instead_of))
    yield Unlock()


def _reply(step: Step, kind: type[T]) -> Flow[T]:
    """Yield a step and return its reply; a driver that mixes replies up must not look like a server that does."""
    reply: Any = yield step
    if not isinstance(reply, kind):
        raise TypeError(f"the driver answers every {type(step).__name__} with a {kind.__name__}")
    return reply
