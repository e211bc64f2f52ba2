"""
The limiter of one process: its state lives and dies with it.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from gatekey.server.limiting.decide import decide, is_forgettable
from gatekey.server.limiting.model import AddressState, Blocked, LimitPolicy, Verdict

CAPACITY = 100_000
"""Addresses; some 30 MB when full, and far more hosts than ask one installation for tokens."""

FORGET_PER_ASK = 2
"""Addresses looked at per request: one more than a request can add, so those at rest go sooner than others come."""


class MemoryLimiter:
    """
    Keeps at most `capacity` addresses; `clock` returns monotonic nanoseconds, as `time.monotonic_ns` does.

    When all places are taken, the address that has been quiet longest gives way, never a blocked one. Should every
    place be held by a blocked address, newcomers are admitted without being remembered: better no limit than no
    service. Any thread may ask.
    """

    def __init__(self, policy: LimitPolicy, clock: Callable[[], int], capacity: int = CAPACITY) -> None:
        self._policy = policy
        self._clock = clock
        self._capacity = capacity
        self._open: OrderedDict[str, AddressState] = OrderedDict()
        """Longest quiet first."""
        self._blocked: OrderedDict[str, AddressState] = OrderedDict()
        """First to be free first, because all blocks last equally long."""
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._open) + len(self._blocked)

    def ask(self, address: str) -> Verdict:
        """
        Count one request of `address` and return the verdict on it.
        """
        with self._lock:
            now = self._clock()
            known = self._blocked.get(address) or self._open.get(address)
            verdict, state = decide(self._policy, known, now)
            if known is not state:
                self._remember(address, verdict, state)
            self._forget(now)
            return verdict

    def _remember(self, address: str, verdict: Verdict, state: AddressState) -> None:
        """
        Keep the state as the latest one of the half it belongs to.
        """
        self._open.pop(address, None)
        self._blocked.pop(address, None)
        half = self._blocked if isinstance(verdict, Blocked) else self._open
        half[address] = state

    def _forget(self, now: int) -> None:
        """
        Drop what is at rest, oldest first, and whatever is too much.
        """
        for half in (self._blocked, self._open):
            for _ in range(FORGET_PER_ASK):
                if half and is_forgettable(next(iter(half.values())), now):
                    half.popitem(last=False)
        if len(self) > self._capacity and self._open:
            self._open.popitem(last=False)
