"""A source of tokens for event loops."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from gatekey.client.acquire import Flow, Keep, Lock, Look, Reply, Send, Sleep, Step, Wait, obtain, renew_early
from gatekey.client.config.plan import AsyncTransport, Plan, Transport, is_async, is_blocking
from gatekey.client.http import HttpRequest, HttpResponse
from gatekey.client.policy import Backoff, Renew, TokenDemand, Use, decide
from gatekey.client.runner import StepRunner, drive_async
from gatekey.client.source import BaseSource
from gatekey.client.token import Token

T = TypeVar("T")

Flight: TypeAlias = asyncio.Task[Token | Backoff]
Loop: TypeAlias = asyncio.AbstractEventLoop


class AsyncTokenSource(BaseSource):
    """
    Returns a token that is good now, as often as it is asked, and asks the token endpoint as seldom as possible.

    Settings come from the arguments, then from the credentials `file`, then from the environment. The tasks of a loop
    may share a source; processes, and sources for threads, share tokens through the cache.
    """

    async def token(self, *, instead_of: Token | None = None, fresh: bool = False) -> Token:
        """
        Return a token that is good now; as `TokenSource.token`, errors included.

        A caller that is cancelled does not take the request with it: others may wait for the same token.
        """
        since, until, token = self._usable
        if since <= self._clock() < until and instead_of is None and not fresh:
            return token
        demand = self._plan.demand(instead_of, fresh=fresh)
        match decide(self._entry, self._clock(), demand):
            case Use(token):
                return token
            case Renew(Token() as spare):
                return await self._looked_after(spare)
        outcome = await asyncio.shield(self._flight(demand))
        if self._reread(outcome):
            outcome = await asyncio.shield(self._flight(self._plan.demand(fresh=fresh)))
        token, stale = self._accepted(outcome)
        return await self._looked_after(token) if stale else token

    async def headers(self) -> dict[str, str]:
        """Return the header that a request to an API carries (RFC 6750 section 2.1)."""
        return {"Authorization": (await self.token()).authorization.reveal()}

    def _begin(self, plan: Plan) -> None:
        super()._begin(plan)
        self._early: WeakKeyDictionary[Loop, asyncio.Task[None]] = WeakKeyDictionary()
        self._flights: WeakKeyDictionary[Loop, dict[TokenDemand, Flight]] = WeakKeyDictionary()

    def _adopt(self, plan: Plan) -> None:
        transport = plan.transport
        self._transport: AsyncTransport
        if is_async(transport):
            self._transport = transport
        elif is_blocking(transport):
            self._transport = _in_thread(transport)
        super()._adopt(plan)

    def _flight(self, demand: TokenDemand) -> Flight:
        """Return the task that asks what this demand asks; there is one at a time for all tasks of a loop."""
        loop = asyncio.get_running_loop()
        flights = self._flights.setdefault(loop, {})
        flight = flights.get(demand)
        if flight is None or flight.done():
            flight = flights[demand] = loop.create_task(self._run(obtain(self._plan.asking, demand)))
            flight.add_done_callback(lambda done: _landed(flights, demand, done))
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
        return self._entry.token or spare

    async def _renew_early(self) -> None:
        try:
            if not await self._run(renew_early(self._plan.asking)):
                self._look_later()
        except Exception as error:  # noqa: BLE001 - logged; the token is still good
            self._look_later(error)

    async def _run(self, flow: Flow[T]) -> T:
        runner = self._runner()
        try:
            return await drive_async(flow, partial(self._perform, runner))
        finally:
            runner.end()

    async def _perform(self, runner: StepRunner, step: Step) -> Reply:
        match step:
            case Send(request):
                return await self._transport(request)
            case Sleep(seconds):
                await (self._plan.sleep or asyncio.sleep)(seconds)
                return None
            case Wait(seconds):
                return await self._freed(seconds)
            case Look() | Lock() | Keep() if self._plan.cache.lasting:
                return await asyncio.to_thread(runner.perform, step)
            case _:
                return runner.perform(step)

    async def _freed(self, seconds: float) -> bool:
        """
        Wait until the lock is free, and return whether that came.

        No thread of the loop's is kept waiting: one that waits for another process would keep the program from ending.
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


def _in_thread(transport: Transport) -> AsyncTransport:
    """Return a transport to be awaited, which blocks a thread and not the loop."""

    async def send(request: HttpRequest) -> HttpResponse:
        return await asyncio.to_thread(transport, request)

    return send


def _landed(flights: dict[TokenDemand, Flight], demand: TokenDemand, flight: Flight) -> None:
    if flights.get(demand) is flight:
        del flights[demand]
    if not flight.cancelled():
        flight.exception()  # seen, also where everybody who waited for it was cancelled
