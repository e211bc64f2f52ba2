"""The memory of this process."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Final

from gatekey.client.cache.forking import after_fork
from gatekey.client.cache.ports import CacheKey, Release
from gatekey.client.policy import NOTHING, Backoff, CacheEntry, latest


class MemoryCache:
    """Keeps everything in memory; sources that are given the same one share their tokens."""

    lasting: Final = False

    def __init__(self) -> None:
        self._entry: dict[CacheKey, CacheEntry] = {}
        self._pauses: dict[str, Backoff] = {}
        self._locked: dict[CacheKey, object] = {}
        self._waiting: dict[CacheKey, list[Callable[[], object]]] = {}
        self._guard = Lock()
        after_fork(self, type(self)._renew_locks)  # noqa: SLF001 - of this very class

    def look(self, key: CacheKey) -> CacheEntry:
        """Return what is known about a credential and its token endpoint."""
        entry, pause = self._entry.get(key, NOTHING), self._pauses.get(key.token_url)
        return entry if entry.pause is pause else replace(entry, pause=pause)

    def keep(self, key: CacheKey, entry: CacheEntry) -> None:
        """Hold this; a pause is everybody's who asks the same token endpoint."""
        self._entry[key] = entry
        if entry.pause:
            self._pauses[key.token_url] = latest(entry.pause, self._pauses.get(key.token_url)) or entry.pause

    def lock(self, key: CacheKey) -> Release | None:
        """Become the only one in this process who renews this credential; None where somebody else is."""
        with self._guard:
            if key in self._locked:
                return None
            holder = self._locked[key] = object()
        return partial(self._unlock, key, holder)

    def when_free(self, key: CacheKey, then: Callable[[], object]) -> None:
        """Call `then` at once, or when the lock is given back."""
        with self._guard:
            if key in self._locked:
                self._waiting.setdefault(key, []).append(then)
                return
        then()

    def _renew_locks(self) -> None:
        """Give back, in a child process, what threads of its parent had locked: those threads are not here."""
        self._guard = Lock()
        self._locked.clear()
        self._waiting.clear()

    def _unlock(self, key: CacheKey, holder: object) -> None:
        with self._guard:
            if self._locked.get(key) is not holder:
                return
            del self._locked[key]
            waiting = self._waiting.pop(key, ())
        for then in waiting:
            then()
