"""What sources of tokens have in common, and the one for threads; `aio` has the one for event loops."""

import os
import time
from functools import partial
from threading import Event, Lock, Thread
from typing import Self, TypeAlias, TypeVar, Unpack

from gatekey.client.acquire import LOCK_PATIENCE, Flow, Reply, Send, Sleep, Step, Wait, obtain, renew_early
from gatekey.client.cache.forking import after_fork
from gatekey.client.config.plan import Options, Plan, Transport, is_blocking, make_plan
from gatekey.client.config.settings import ClientSettings
from gatekey.client.failures import FailureKind
from gatekey.client.policy import NOTHING, Backoff, CacheEntry, Renew, TokenDemand, Use, decide
from gatekey.client.runner import StepRunner, drive
from gatekey.client.token import STEPPED_BACK, Token
from gatekey.errors import ConfigurationError, TokenUnavailable
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope

T = TypeVar("T")

Usable: TypeAlias = tuple[float, float, Token]
"""A token that may be used without a decision, with the times since when and until when (Unix seconds)."""

NEVER: Usable = (0.0, 0.0, Token(SecretText(""), 0.0, 0.0, 0.0))

ANOTHER_LOOK = 1.0
"""Seconds until a stale token is looked after again, where somebody else was at it."""


class BaseSource:
    """What both kinds of source share: settings, what is known, and every decision."""

    def __init__(self, file: str | os.PathLike[str] | None = None, **options: Unpack[Options]) -> None:
        """Read the settings. Raises `ConfigurationError` with all that is missing and everywhere it was looked for."""
        self._begin(make_plan(file, options))

    @property
    def settings(self) -> ClientSettings:
        """What the source asks with; `settings.origins` says where each came from."""
        return self._plan.settings

    def for_scope(self, scope: Scope | str) -> Self:
        """Return a source for another API's tokens, by the same credentials."""
        return self._sibling(self._plan.for_scope(scope))

    def for_audience(self, audience: str) -> Self:
        """Return a source for another audience's tokens, by the same credentials."""
        return self._sibling(self._plan.for_scope(Scope.ZEEBE, audience))

    def _sibling(self, plan: Plan) -> Self:
        source = object.__new__(type(self))
        source._begin(plan)
        return source

    def _begin(self, plan: Plan) -> None:
        self._clock = plan.clock
        self._early_after = 0.0
        self._adopt(plan)

    def _adopt(self, plan: Plan) -> None:
        self._plan = plan
        self._key = plan.key
        self._remember(NOTHING)

    def _remember(self, entry: CacheEntry) -> None:
        self._entry = entry
        token = entry.token
        usable = token and self._plan.options.get("max_age") is None
        self._usable: Usable = (token.obtained_at - STEPPED_BACK, token.renew_at, token) if token and usable else NEVER

    def _reread(self, outcome: Token | Backoff) -> bool:
        """After a refusal, adopt what the credentials file says by now; return whether it has changed."""
        refused = isinstance(outcome, Backoff) and outcome.failure.kind is FailureKind.REFUSED
        plan = self._plan.changed() if refused else None
        if plan:
            self._adopt(plan)
        return plan is not None

    def _accepted(self, outcome: Token | Backoff) -> tuple[Token, bool]:
        """Return the token that came, and whether it is due for renewal. Raises `TokenError` where none came."""
        if isinstance(outcome, Backoff):
            raise self._plan.error(outcome)
        return outcome, isinstance(decide(self._entry, self._clock()), Renew)  # others may have left an old one

    def _runner(self) -> StepRunner:
        return StepRunner(self._plan, self._key, self._remember)

    def _look_later(self, failed: Exception | None = None) -> None:
        """Leave a stale token alone for a moment; a failure that no flow expects is logged."""
        self._early_after = self._clock() + ANOTHER_LOOK
        if failed:
            from logging import getLogger

            getLogger("gatekey").error("An early renewal failed; the token is still good.", exc_info=failed)


class TokenSource(BaseSource):
    """
    Returns a token that is good now, as often as it is asked, and asks the token endpoint as seldom as possible.

    Settings come from the arguments, then from the credentials `file`, then from the environment. Threads may share a
    source; processes share tokens through the cache.
    """

    def token(self, *, instead_of: Token | None = None, fresh: bool = False) -> Token:
        """
        Return a token that is good now.

        `instead_of` is a token that an API answered 401 or UNAUTHENTICATED to: another one is returned, or the same
        where another would not help. `fresh` asks the token endpoint in any case, save while it limits.

        Raises `TokenRefused`, `RateLimited`, `TokenUnavailable` or `MalformedResponse`; after a refusal at once and
        without a request, until it may be worth one again.
        """
        since, until, token = self._usable  # one read: another thread may exchange it at any time
        if since <= self._clock() < until and instead_of is None and not fresh:
            return token
        demand = self._plan.demand(instead_of, fresh=fresh)
        match decide(self._entry, self._clock(), demand):
            case Use(token):
                return token
            case Renew(Token() as spare):
                return self._looked_after(spare)
        outcome = self._obtained(demand)
        if self._reread(outcome):
            outcome = self._obtained(self._plan.demand(fresh=fresh))
        token, stale = self._accepted(outcome)
        return self._looked_after(token) if stale else token

    def headers(self) -> dict[str, str]:
        """Return the header that a request to an API carries (RFC 6750 section 2.1)."""
        return {"Authorization": self.token().authorization.reveal()}

    def _begin(self, plan: Plan) -> None:
        super()._begin(plan)
        self._renew_locks()
        after_fork(self, type(self)._renew_locks)  # noqa: SLF001 - of this very class

    def _adopt(self, plan: Plan) -> None:
        if not is_blocking(plan.transport):
            raise ConfigurationError("The transport is asynchronous.", hint="Give it to an AsyncTokenSource.")
        self._transport: Transport = plan.transport
        super()._adopt(plan)

    def _renew_locks(self) -> None:
        """Make the locks anew; in a forked child the threads that had them are missing."""
        self._flight = Lock()
        self._early = Lock()

    def _obtained(self, demand: TokenDemand) -> Token | Backoff:
        """One thread works, the others wait for it: as long as it may be patient, and its last request may take."""
        if not self._flight.acquire(timeout=demand.patience + LOCK_PATIENCE):
            raise TokenUnavailable("Another thread asks for a token and does not come to an end", 1)
        try:
            return self._run(obtain(self._plan.asking, demand))
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
        return self._entry.token or spare

    def _renew_early(self) -> None:
        early = self._early
        try:
            if not self._run(renew_early(self._plan.asking)):
                self._look_later()
        except Exception as error:  # noqa: BLE001 - logged; the token is still good
            self._look_later(error)
        finally:
            early.release()

    def _run(self, flow: Flow[T]) -> T:
        runner = self._runner()
        try:
            return drive(flow, partial(self._perform, runner))
        finally:
            runner.end()

    def _perform(self, runner: StepRunner, step: Step) -> Reply:
        if isinstance(step, Send):
            return self._transport(step.request)
        if isinstance(step, Sleep):
            (self._plan.sleep or time.sleep)(step.seconds)
            return None
        if isinstance(step, Wait):
            freed = Event()
            self._plan.cache.when_free(self._key, freed.set)
            return freed.wait(step.seconds)
        return runner.perform(step)
