"""Performs a flow's steps, one by one; the two drivers differ in `await` and nothing else."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from gatekey.client.acquire import Clock, Flow, Keep, Lock, Look, Reply, Seen, Send, Step, Tell, Unlock
from gatekey.client.cache.ports import CacheKey, Release
from gatekey.client.config.plan import Plan
from gatekey.client.events import Event
from gatekey.client.failures import TransportError, TransportErrorKind
from gatekey.client.policy import CacheEntry
from gatekey.errors import GatekeyError

T = TypeVar("T")


def drive(flow: Flow[T], perform: Callable[[Step], Reply]) -> T:
    """
    Run the flow to its end and return its result; what the flow raises is raised here.

    A `TransportError` of a step is thrown into the flow, which decides what follows.
    """
    try:
        step = next(flow)
        while True:
            try:
                reply = perform(step)
            except Exception as error:  # noqa: BLE001 - raised again where it is not a transport's
                step = flow.throw(transport_error(step, error))
            else:
                step = flow.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result


async def drive_async(flow: Flow[T], perform: Callable[[Step], Awaitable[Reply]]) -> T:
    """Do as `drive` does, where performing a step is awaited."""
    try:
        step = next(flow)
        while True:
            try:
                reply = await perform(step)
            except Exception as error:  # noqa: BLE001 - raised again where it is not a transport's
                step = flow.throw(transport_error(step, error))
            else:
                step = flow.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result


def transport_error(step: Step, error: Exception) -> TransportError:
    """Return why no answer came; of what a transport forgot to translate only its name. Raises any other error."""
    if isinstance(error, TransportError):
        return error
    if isinstance(error, GatekeyError) or not isinstance(step, Send):
        raise error
    return TransportError(TransportErrorKind.OTHER, type(error).__name__)


class StepRunner:
    """Performs the steps that take no time worth waiting for (not `Send`, `Sleep`, `Wait`), for one run of one flow."""

    def __init__(self, plan: Plan, key: CacheKey, remember: Callable[[CacheEntry], None]) -> None:
        self._plan = plan
        self._key = key
        self._remember = remember
        self._release: Release | None = None
        self._ended = False

    def perform(self, step: Step) -> Reply:
        """Perform one step."""
        match step:
            case Look():
                entry = self._plan.cache.look(self._key)
                self._remember(entry)
                return Seen(entry, self._plan.clock())
            case Clock():
                return self._plan.clock()
            case Keep(entry):
                self._remember(entry)
                self._plan.cache.keep(self._key, entry)
            case Lock():
                return self._lock()
            case Unlock():
                self._unlock()
            case Tell(event):
                self._tell(event)
            case _:
                raise TypeError(f"{type(step).__name__} is performed by the source")
        return None

    def end(self) -> None:
        """Give the lock back, if it is taken; also after a flow that was abandoned while a thread still takes it."""
        self._ended = True
        self._unlock()

    def _lock(self) -> bool:
        self._release = self._plan.cache.lock(self._key)
        locked = self._release is not None
        if self._ended:
            self._unlock()
        return locked

    def _unlock(self) -> None:
        release, self._release = self._release, None
        if release:
            release()

    def _tell(self, event: Event) -> None:
        """Tell the listener; its mistakes are its own and cost nobody a token."""
        if not self._plan.listener:
            return
        try:
            self._plan.listener(event)
        except Exception:
            from logging import getLogger

            getLogger("gatekey").exception("A listener failed.")
