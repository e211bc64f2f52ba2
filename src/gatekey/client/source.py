"""A source of tokens for threads."""

import os
import time
from functools import partial
from threading import Event, Lock, Thread
from typing import Self, TypeAlias, TypeVar, Unpack, cast

from gatekey.client.drive import drive
from gatekey.client.flow import LOCK_PATIENCE, Flow, Reply, Send, Sleep, Step, Wait, obtain, renew_early
from gatekey.client.forking import mend_after_fork
from gatekey.client.obstacle import Obstacle, TransportFailure
from gatekey.client.plan import Hands, Options, Plan, Transport, is_async, make_plan
from gatekey.client.policy import NOTHING, Bar, Held, Renew, Use, Wish, decide
from gatekey.client.settings import ClientSettings
from gatekey.client.token import STEPPED_BACK, Token
from gatekey.errors import ConfigurationError, GatekeyError, TokenUnavailable
from gatekey.oauth.http import HttpRequest, HttpResponse
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope

T = TypeVar("T")

Good: TypeAlias = tuple[float, float, Token]
"""Since when and until when (Unix seconds) a token may be used without a thought."""

NEVER: Good = (0.0, 0.0, Token(SecretText(""), 0.0, 0.0, 0.0))

ANOTHER_LOOK = 1.0
"""Seconds until a stale token is looked after again, where somebody else was at it."""


class TokenSource:
    """
    Returns a token that is good now, as often as it is asked, and asks the token endpoint as seldom as possible.

    Settings come from the arguments, then from the credentials `file`, then from the environment. Threads may share a
    source; processes share tokens through the cache.
    """

    def __init__(self, file: str | os.PathLike[str] | None = None, **options: Unpack[Options]) -> None:
        """Read the settings. Raises `ConfigurationError` with all that is missing and everywhere it was looked for."""
        self._begin(make_plan(file, options))

    @classmethod
    def planned(cls, plan: Plan) -> Self:
        """Return a source for a plan that is made already."""
        source = cls.__new__(cls)
        source._begin(plan)  # noqa: SLF001 - of this very class
        return source

    def _begin(self, plan: Plan) -> None:
        if is_async(plan.transport):
            raise ConfigurationError("The transport is asynchronous.", hint="Give it to an AsyncTokenSource.")
        self._plan = plan
        self._key = plan.key
        self._clock = plan.clock
        self._held: Held = NOTHING
        self._good: Good = NEVER
        self._early_after = 0.0
        self.after_fork()
        mend_after_fork(self)

    @property
    def settings(self) -> ClientSettings:
        """What the source asks with; `settings.origins` says where each came from."""
        return self._plan.settings

    def token(self, *, instead_of: Token | None = None, fresh: bool = False) -> Token:
        """
        Return a token that is good now.

        `instead_of` is a token that an API answered 401 or UNAUTHENTICATED to: another one is returned, or the same
        where another would not help. `fresh` asks the token endpoint in any case, save while it limits.

        Raises `TokenRefused`, `RateLimited`, `TokenUnavailable` or `MalformedResponse`; after a refusal at once and
        without a request, until it may be worth one again.
        """
        since, until, token = self._good  # one read: another thread may exchange it at any time
        if since <= self._clock() < until and instead_of is None and not fresh:
            return token
        return self._decided(self._plan.wish(instead_of, fresh=fresh))

    def headers(self) -> dict[str, str]:
        """Return the header that a request to an API carries (RFC 6750 section 2.1)."""
        return {"Authorization": self.token().authorization.reveal()}

    def for_scope(self, scope: Scope | str) -> Self:
        """Return a source for another API's tokens, by the same credentials."""
        return self.planned(self._plan.for_scope(scope))

    def for_audience(self, audience: str) -> Self:
        """Return a source for another audience's tokens, by the same credentials."""
        return self.planned(self._plan.for_scope(Scope.ZEEBE, audience))

    def after_fork(self) -> None:
        """Make the locks anew in a forked child, where the threads that held them are missing."""
        self._flight = Lock()
        self._early = Lock()

    def _decided(self, wish: Wish) -> Token:
        match decide(self._held, self._clock(), wish):
            case Use(token):
                return token
            case Renew(Token() as spare):
                return self._looked_after(spare)
        outcome = self._obtained(wish)
        if not isinstance(outcome, Token):
            raise self._plan.error(outcome)
        if isinstance(decide(self._held, self._clock()), Renew):  # what others left in the cache is due for renewal
            return self._looked_after(outcome)
        return outcome

    def _obtained(self, wish: Wish) -> Token | Bar:
        """One thread works, the others wait for it: as long as it may be patient, and its last request may take."""
        if not self._flight.acquire(timeout=wish.patience + LOCK_PATIENCE):
            raise TokenUnavailable("Another thread asks for a token and does not come to an end", 1)
        try:
            return self._run(obtain(self._plan.asking, wish))
        finally:
            self._flight.release()

    def _looked_after(self, spare: Token) -> Token:
        """Have a stale token renewed, by one thread at a time, while everybody uses the spare."""
        if self._clock() < self._early_after or not self._early.acquire(blocking=False):
            return spare
        if self._plan.background:
            try:
                Thread(target=self._renew_early, name="gatekey-renewal", daemon=True).start()
            except RuntimeError:  # the program is ending, or has too many threads
                self._early.release()
            return spare
        self._renew_early()
        return self._held.token or spare

    def _renew_early(self) -> None:
        early = self._early
        try:
            if not self._run(renew_early(self._plan.asking)):
                self._early_after = self._clock() + ANOTHER_LOOK
        except Exception:
            self._early_after = self._clock() + ANOTHER_LOOK
            from logging import getLogger

            getLogger("gatekey").exception("An early renewal failed; the token is still good.")
        finally:
            early.release()

    def _run(self, flow: Flow[T]) -> T:
        hands = Hands(self._plan, self._key, self._hold)
        try:
            return drive(flow, partial(self._perform, hands))
        finally:
            hands.let_go()

    def _perform(self, hands: Hands, step: Step) -> Reply:
        if isinstance(step, Send):
            return sent(cast("Transport", self._plan.transport), step.request)
        if isinstance(step, Sleep):
            (self._plan.sleep or time.sleep)(step.seconds)
            return None
        if isinstance(step, Wait):
            freed = Event()
            self._plan.cache.when_free(self._key, freed.set)
            return freed.wait(step.seconds)
        return hands.perform(step)

    def _hold(self, held: Held) -> None:
        self._held = held
        self._good = good_of(held)


def good_of(held: Held) -> Good:
    """Return how long what is held may be used without a thought."""
    token = held.token
    return (token.obtained_at - STEPPED_BACK, token.renew_at, token) if token else NEVER


def sent(transport: Transport, request: HttpRequest) -> HttpResponse:
    """Send a request; an exception that the transport should have translated becomes an obstacle without a name."""
    try:
        return transport(request)
    except (TransportFailure, GatekeyError):
        raise
    except Exception as error:
        raise TransportFailure(Obstacle.OTHER, type(error).__name__) from error
