"""
How a token comes to be: look, decide, lock, look again, ask, keep.

Pure generators. They yield steps; a driver performs them and sends the reply back, and throws a `TransportFailure` in
where no answer came. So one brain serves threads, event loops and tests without either. Each may be abandoned at any
step: whoever drives a flow gives the lock back.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, assert_never

from gatekey.client.events import Asked, Event, Failed, Granted, Waiting
from gatekey.client.failure import Failure, Kind
from gatekey.client.obstacle import TransportFailure
from gatekey.client.policy import (
    ANY,
    Bar,
    Barred,
    Held,
    Renew,
    Use,
    Wish,
    bar_for,
    decide,
    failed,
    granted,
)
from gatekey.client.settings import ClientSettings
from gatekey.client.token import Freshness, Token
from gatekey.errors import TokenError
from gatekey.oauth.http import HttpRequest, HttpResponse, retry_after, shown
from gatekey.oauth.token_answer import TokenAnswer, read_answer

T = TypeVar("T")

BREATH = 0.005
"""Seconds that pass before a lock is tried again that seemed to be free and was not: no loop may be a busy one."""

LOCK_PATIENCE = 30.0
"""
Seconds. Requests end within ten, by the transport's time limit. Who holds the lock for longer was stopped, not killed:
then two requests are better than none.
"""

STILLBORN = Failure(
    Kind.MALFORMED,
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
    """Reply with what is held now, and when now is: `Seen`."""


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
    """Hold this from now on, for everybody who shares it."""

    held: Held


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell whoever listens."""

    event: Event


@dataclass(frozen=True, slots=True)
class Seen:
    """What is held, and the time of looking (Unix seconds)."""

    held: Held
    now: float


Step: TypeAlias = Send | Sleep | Look | Lock | Wait | Unlock | Keep | Tell
Reply: TypeAlias = HttpResponse | Seen | bool | None
Flow: TypeAlias = Generator[Step, Reply, T]
Jitter: TypeAlias = Callable[[], float]
"""Returns a random number from 0 up to 1, as `random.random` does."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What it takes to ask: the settings, how a request is made of them at a given time, and chance."""

    settings: ClientSettings
    request_at: Callable[[float], HttpRequest]
    jitter: Jitter


def obtain(asking: Asking, wish: Wish = ANY) -> Flow[Token | Bar]:
    """
    Return a token, or what stands in the way of one for longer than the wish's patience. One that is due for renewal is
    as good as any: renewing it early is somebody's second thought, see `renew_early`.

    A pause is never cut short: one that ends beyond the patience ends the flow at once. Waiting is done without the
    lock, so that nobody waits for somebody who waits.
    """
    seen = yield from _reply(Look(), Seen)
    deadline, freed, stopped = seen.now + wish.patience, False, False
    while True:
        match decide(seen.held, seen.now, wish):
            case Use(token) | Renew(Token() as token):
                return token
            case Barred(bar):
                if not (yield from _outwait(bar, seen.now, deadline)):
                    return bar
            case Renew() if stopped or (yield from _reply(Lock(), bool)):
                outcome = yield from _renew(asking, wish)
                yield Unlock()
                if isinstance(outcome, Token) or (outcome and not outcome.failure.kind.passing):
                    return outcome
            case Renew():
                if freed:
                    yield Sleep(BREATH)
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


def _renew(asking: Asking, wish: Wish) -> Flow[Token | Bar | None]:
    """Look again, now that the lock is ours, and ask if it is still needed; None where it is not."""
    seen = yield from _reply(Look(), Seen)
    decision = decide(seen.held, seen.now, wish)
    if not isinstance(decision, Renew):
        return None
    early = decision.spare is not None
    settings = asking.settings
    yield Tell(Asked(shown(settings.token_url), settings.client_id, settings.audience))
    outcome = yield from ask(asking, seen.now)
    after = yield from _reply(Look(), Seen)
    if isinstance(outcome, TokenAnswer):
        token = Token.received(outcome, seen.now, asking.jitter())
        if token.freshness(after.now) is not Freshness.EXPIRED:
            yield Keep(granted(after.held, token, wish))
            yield Tell(Granted(outcome.expires_in, early))
            return token
        outcome = STILLBORN
    bar = bar_for(outcome, after.held, after.now, asking.jitter())
    yield Keep(failed(after.held, bar, wish))
    yield Tell(Failed(outcome, bar.until - after.now, early))
    return bar


def ask(asking: Asking, now: float) -> Flow[TokenAnswer | Failure]:
    """Send one token request and return the token, or what its failure means."""
    request, hidden = asking.request_at(now), asking.settings.client_secret.reveal()
    try:
        response = yield from _reply(Send(request), HttpResponse)
    except TransportFailure as failure:
        return Failure.unreached(shown(request.url), failure)
    try:
        return read_answer(response)
    except TokenError as error:
        return Failure.answered(error, retry_after(response), hidden)


def _outwait(bar: Bar, now: float, deadline: float) -> Flow[bool]:
    """Wait for the bar's end, if that can help and there is patience left; return whether it was worth it."""
    if not bar.failure.kind.passing or bar.until > deadline:
        return False
    yield Tell(Waiting(bar.until - now))
    yield Sleep(bar.until - now)
    return True


def _reply(step: Step, kind: type[T]) -> Flow[T]:
    """Yield a step and return its reply; a driver that mixes replies up must not look like a server that does."""
    reply: Any = yield step
    if not isinstance(reply, kind):
        raise TypeError(f"the driver answers every {type(step).__name__} with a {kind.__name__}")
    return reply
