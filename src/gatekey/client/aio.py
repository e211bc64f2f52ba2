"""A source of tokens for event loops: the same brain as `source`, awaited."""

import asyncio
import os
from contextlib import suppress
from functools import partial
from typing import Self, TypeAlias, TypeVar, Unpack, cast
from weakref import WeakKeyDictionary

from gatekey.client.drive import drive_async
from gatekey.client.flow import Flow, Keep, Lock, Look, Reply, Send, Sleep, Step, Wait, obtain, renew_early
from gatekey.client.obstacle import Obstacle, TransportFailure
from gatekey.client.plan import AsyncTransport, Hands, Options, Plan, Transport, is_async, make_plan
from gatekey.client.policy import NOTHING, Bar, Held, Renew, Use, Wish, decide
from gatekey.client.settings import ClientSettings
from gatekey.client.source import ANOTHER_LOOK, NEVER, Good, good_of, sent
from gatekey.client.token import Token
from gatekey.errors import GatekeyError
from gatekey.oauth.http import HttpRequest, HttpResponse
from gatekey.oauth.vocabulary import Scope

T = TypeVar("T")

Flight: TypeAlias = asyncio.Task[Token | Bar]
Loop: TypeAlias = asyncio.AbstractEventLoop


class AsyncTokenSource:
    """
    Returns a token that is good now, as often as it is asked, and asks the token endpoint as seldom as possible.

    Settings come from the arguments, then from the credentials `file`, then from the environment. The tasks of a loop
    may share a source; processes, and sources of the other colour, share tokens through the cache.
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
        self._plan = plan
        self._key = plan.key
        self._clock = plan.clock
        self._held: Held = NOTHING
        self._good: Good = NEVER
        self._early_after = 0.0
        self._early: WeakKeyDictionary[Loop, asyncio.Task[None]] = WeakKeyDictionary()
        self._flights: WeakKeyDictionary[Loop, dict[Wish, Flight]] = WeakKeyDictionary()

    @property
    def settings(self) -> ClientSettings:
        """What the source asks with; `settings.origins` says where each came from."""
        return self._plan.settings

    async def token(self, *, instead_of: Token | None = None, fresh: bool = False) -> Token:
        """
        Return a token that is good now; as `TokenSource.token`, errors included.

        A caller that is cancelled does not take the request with it: others may wait for the same token.
        """
        since, until, token = self._good
        if since <= self._clock() < until and instead_of is None and not fresh:
            return token
        return await self._decided(self._plan.wish(instead_of, fresh=fresh))

    async def headers(self) -> dict[str, str]:
        """Return the header that a request to an API carries (RFC 6750 section 2.1)."""
        return {"Authorization": (await self.token()).authorization.reveal()}

    def for_scope(self, scope: Scope | str) -> Self:
        """Return a source for another API's tokens, by the same credentials."""
        return self.planned(self._plan.for_scope(scope))

    def for_audience(self, audience: str) -> Self:
        """Return a source for another audience's tokens, by the same credentials."""
        return self.planned(self._plan.for_scope(Scope.ZEEBE, audience))

    async def _decided(self, wish: Wish) -> Token:
        match decide(self._held, self._clock(), wish):
            case Use(token):
                return token
            case Renew(Token() as spare):
                return await self._looked_after(spare)
        outcome = await asyncio.shield(self._flight(wish))
        if not isinstance(outcome, Token):
            raise self._plan.error(outcome)
        if isinstance(decide(self._held, self._clock()), Renew):  # what others left in the cache is due for renewal
            return await self._looked_after(outcome)
        return outcome

    def _flight(self, wish: Wish) -> Flight:
        """Return the task that asks what this wish asks; there is one at a time for all tasks of a loop."""
        loop = asyncio.get_running_loop()
        flights = self._flights.setdefault(loop, {})
        flight = flights.get(wish)
        if flight is None or flight.done():
            flight = flights[wish] = loop.create_task(self._run(obtain(self._plan.asking, wish)))
            flight.add_done_callback(lambda done: _landed(flights, wish, done))
        return flight

    async def _looked_after(self, spare: Token) -> Token:
        """Have a stale token renewed, by one task at a time, while everybody uses the spare."""
        loop = asyncio.get_running_loop()
        running = self._early.get(loop)
        if self._clock() < self._early_after or (running and not running.done()):
            return spare
        renewal = self._early[loop] = loop.create_task(self._renew_early())
        if self._plan.background:
            return spare
        await asyncio.shield(renewal)
        return self._held.token or spare

    async def _renew_early(self) -> None:
        try:
            if not await self._run(renew_early(self._plan.asking)):
                self._early_after = self._clock() + ANOTHER_LOOK
        except Exception:
            self._early_after = self._clock() + ANOTHER_LOOK
            from logging import getLogger

            getLogger("gatekey").exception("An early renewal failed; the token is still good.")

    async def _run(self, flow: Flow[T]) -> T:
        hands = Hands(self._plan, self._key, self._hold)
        try:
            return await drive_async(flow, partial(self._perform, hands))
        finally:
            hands.let_go()

    async def _perform(self, hands: Hands, step: Step) -> Reply:
        match step:
            case Send(request):
                return await self._sent(request)
            case Sleep(seconds):
                await (self._plan.sleep or asyncio.sleep)(seconds)
                return None
            case Wait(seconds):
                return await self._freed(seconds)
            case Look() | Lock() | Keep() if self._plan.cache.lasting:
                return await asyncio.to_thread(hands.perform, step)
            case _:
                return hands.perform(step)

    async def _freed(self, seconds: float) -> bool:
        """
        Wait until the lock is free, and return whether that came. No thread of the loop's is kept waiting: one that
        waits for another process would keep the program from ending.
        """
        loop, freed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(freed.set)

        self._plan.cache.when_free(self._key, wake)
        try:
            return await asyncio.wait_for(freed.wait(), seconds)
        except TimeoutError:
            return False

    async def _sent(self, request: HttpRequest) -> HttpResponse:
        """Send by the transport, in a thread unless it is asynchronous itself."""
        transport = self._plan.transport
        if not is_async(transport):
            return await asyncio.to_thread(sent, cast("Transport", transport), request)
        try:
            return await cast("AsyncTransport", transport)(request)
        except (TransportFailure, GatekeyError):
            raise
        except Exception as error:
            raise TransportFailure(Obstacle.OTHER, type(error).__name__) from error

    def _hold(self, held: Held) -> None:
        self._held = held
        self._good = good_of(held)


def _landed(flights: dict[Wish, Flight], wish: Wish, flight: Flight) -> None:
    if flights.get(wish) is flight:
        del flights[wish]
    if not flight.cancelled():
        flight.exception()  # seen, also where everybody who waited for it was cancelled
