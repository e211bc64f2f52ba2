"""The limiter of several hosts: exact in sum, whichever of them is asked, because one store decides."""

import time
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from gatekey.errors import StorageUnavailable
from gatekey.server.limits.model import LONGEST_RETRY_AFTER, Admitted, Blocked, Limited, LimitPolicy, Verdict
from gatekey.server.limits.ports import Limiter
from gatekey.server.storage.redis.link import RedisLink, StoreAway, pack

SCRIPT = Path(__file__).with_suffix(".lua").read_text(encoding="ascii")

MICROSECOND = 1000
"""Nanoseconds; what the store's clock tells, and what fits the numbers of its scripts (see there)."""

NAME_SIZE = 16
"""Bytes of a keyed hash: two of a billion addresses share one once in 10^20 installations."""

SPARE = 3_600_000
"""Milliseconds; where the clock is not the store's own, nobody knows when the store's says that an address rests."""

POLICIES = 64
"""How many policies are remembered in the store's words: people make few."""


class RedisLimiter:
    """
    Asks a Redis or Valkey behind `link` by one atomic script, and `fallback` as long as that is away.

    `key` is a secret of the installation. Addresses are kept under keyed hashes of them, and several installations may
    share a store: who can read it learns neither addresses nor whose they are. Any thread may ask.

    Times are whole microseconds of the store's clock, each rounded to the nearest: a rate of 1,000 per second is off by
    a thousandth at most, and none is above a million. `clock` (nanoseconds) stands in for the store's clock in tests;
    `until` of a block is then an instant of it, and else of the monotonic clock of this process.
    """

    def __init__(
        self,
        link: RedisLink,
        policy: LimitPolicy,
        key: bytes,
        fallback: Limiter,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._link = link
        self._policy = policy
        self._fallback = fallback
        self._clock = clock
        self._keyed = blake2b(digest_size=NAME_SIZE, key=key)
        self._prefix = f"gatekey:{blake2b(b'prefix', digest_size=6, key=key).hexdigest()}:limit:"

    def start(self) -> None:
        """Connect, and tell the observer where that cannot be done; it is tried again until it can."""
        self._link.start(self.name_of("nobody"), _arguments(self._policy, "", 0))

    def close(self) -> None:
        """Disconnect; what the store says stays."""
        self._link.close()

    def name_of(self, key: str) -> str:
        """Return the name under which the store keeps a key."""
        keyed = self._keyed.copy()
        keyed.update(key.encode())
        return self._prefix + keyed.hexdigest()

    def ask(self, key: str, policy: LimitPolicy | None = None) -> Verdict:
        """Count one request under `key` and return the verdict, by the limiter's own policy or by the one given."""
        policy = policy or self._policy
        now = None if self._clock is None else self._clock() // MICROSECOND
        arguments = _arguments(policy, "", 0) if now is None else _arguments(policy, str(now), SPARE)
        try:
            answer = self._link.run(self.name_of(key), arguments)
        except StoreAway:
            return self._fallback.ask(key, policy)
        return _verdict(policy, answer, time.monotonic_ns() if now is None else now * MICROSECOND)

    def forget(self, key: str) -> bool:
        """
        Remove the state of `key`. Say whether there was anything to forget.

        Raises `StorageUnavailable` when the store is away: it would remember what was to be forgotten.
        """
        beside = self._fallback.forget(key)
        try:
            return self._link.delete(self.name_of(key)) or beside
        except StoreAway as away:
            raise StorageUnavailable("The store of the limits does not answer: nothing was forgotten there.") from away


@lru_cache(POLICIES)
def _arguments(policy: LimitPolicy, now: str, spare: int) -> bytes:
    longest = max(policy.block_for, policy.block_at_most)
    times = map(_microseconds, (policy.block_window, policy.block_for, longest, policy.block_forgiven))
    interval = max(1, round(policy.interval / MICROSECOND))
    return pack(*map(str, (interval, policy.burst, policy.block_after, *times, now, spare)))


def _microseconds(seconds: float) -> int:
    return max(1, round(seconds * 1_000_000))


def _verdict(policy: LimitPolicy, answer: bytes, now: int) -> Verdict:
    kind, *numbers = answer.split()
    number = int(numbers[0])
    if kind == b"admitted":
        return policy.admitted[number] if number < len(policy.admitted) else Admitted(number)
    if kind == b"limited":
        return Limited(min(number, LONGEST_RETRY_AFTER))
    return Blocked(number, now + int(numbers[1]) * MICROSECOND)
