"""The memory of this process."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Final

from gatekey.client.cache.ports import Key, Release
from gatekey.client.forking import mend_after_fork
from gatekey.client.policy import NOTHING, Bar, Held


class MemoryCache:
    """Keeps everything in memory; sources that are given the same one share their tokens."""

    lasting: Final = False

    def __init__(self) -> None:
        self._held: dict[Key, Held] = {}
        self._pauses: dict[str, Bar] = {}
        self._locked: dict[Key, object] = {}
        self._waiting: dict[Key, list[Callable[[], object]]] = {}
        self._guard = Lock()
        mend_after_fork(self)

    def look(self, key: Key) -> Held:
        """Return what is held about a credential and its token endpoint."""
        held, pause = self._held.get(key, NOTHING), self._pauses.get(key.token_url)
        return held if held.pause is pause else replace(held, pause=pause)

    def keep(self, key: Key, held: Held) -> None:
        """Hold this; a pause is everybody's who asks the same token endpoint."""
        self._held[key] = held
        if held.pause:
            self._pauses[key.token_url] = held.pause

    def lock(self, key: Key) -> Release | None:
        """Become the only one in this process who renews this credential; None where somebody else is."""
        with self._guard:
            if key in self._locked:
                return None
            holder = self._locked[key] = object()
        return partial(self._unlock, key, holder)

    def when_free(self, key: Key, then: Callable[[], object]) -> None:
        """Call `then` at once, or when the lock is given back."""
        with self._guard:
            if key in self._locked:
                self._waiting.setdefault(key, []).append(then)
                return
        then()

    def after_fork(self) -> None:
        """Give back, in a child process, what threads of its parent had locked: those threads are not here."""
        self._guard = Lock()
        self._locked.clear()
        self._waiting.clear()

    def _unlock(self, key: Key, holder: object) -> None:
        with self._guard:
            if self._locked.get(key) is not holder:
                return
            del self._locked[key]
            waiting = self._waiting.pop(key, ())
        for then in waiting:
            then()
