"""The limiter of one process: its state lives and dies with it."""

from collections import deque
from collections.abc import Callable
from threading import Lock

from gatekey.server.limits.decide import decide, give_way, rests_from
from gatekey.server.limits.model import AddressState, LimitPolicy, Verdict

CAPACITY = 100_000
"""Addresses; some 30 MB when full, and far more hosts than ask one installation for tokens."""

LOOKS = 2
"""Addresses looked at for each newcomer: one more than comes, so those at rest go sooner than others come."""

LOOKS_IN_A_CROWD = 16
"""Among how many one has to give way where no place is free: as many as share a bucket of the shared limiter."""


class MemoryLimiter:
    """
    Keeps at most `capacity` addresses; `clock` returns monotonic nanoseconds, as `time.monotonic_ns` does.

    When all places are taken, of sixteen addresses the one nearest to its rest gives way, never a blocked one; other
    sixteen for the next newcomer. Should all of them be blocked, the newcomer is admitted without being remembered:
    better no limit than no service. Any thread may ask.
    """

    def __init__(self, policy: LimitPolicy, clock: Callable[[], int], capacity: int = CAPACITY) -> None:
        self._policy = policy
        self._clock = clock
        self._capacity = capacity
        self._states: dict[str, AddressState] = {}
        self._round: deque[str] = deque()
        """The same addresses in the order in which they are looked at."""
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._states)

    def ask(self, address: str, policy: LimitPolicy | None = None) -> Verdict:
        """
        Count one request of `address` and return the verdict on it, by the limiter's own policy or by the one
        given.
        """
        with self._lock:
            now = self._clock()
            known = self._states.get(address)
            verdict, state = decide(policy or self._policy, known, now)
            if known is not None:
                self._states[address] = state
            elif self._has_room(now):
                self._states[address] = state
                self._round.append(address)
            return verdict

    def forget(self, address: str) -> bool:
        """Be as if `address` had never asked. Say whether there was anything to forget."""
        with self._lock:
            if self._states.pop(address, None) is None:
                return False
            self._round.remove(address)
            return True

    def _has_room(self, now: int) -> bool:
        """Forget who is at rest, and who has to give way; tell whether one more can be remembered."""
        for _ in range(min(LOOKS, len(self._round))):
            if rests_from(self._policy, self._states[self._round[0]]) > now:
                self._round.rotate(-1)
                break
            del self._states[self._round.popleft()]
        if len(self._states) < self._capacity:
            return True
        looked_at = [self._round.popleft() for _ in range(min(LOOKS_IN_A_CROWD, len(self._round)))]
        place = give_way(self._policy, (self._states[address] for address in looked_at), now)
        if place is not None:
            del self._states[looked_at.pop(place)]
        self._round.extend(looked_at)
        return place is not None
