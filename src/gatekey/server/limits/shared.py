"""The limiter of several processes on one host: exact in sum, whichever of them is asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Self

from gatekey.server.limits.decide import decide, give_way
from gatekey.server.limits.model import LimitPolicy, Verdict
from gatekey.server.limits.table import Table, create_table

CAPACITY = 131_072
"""Addresses; 9 MB, allocated at once, and far more hosts than ask one installation for tokens."""


class SharedLimiter:
    """
    Keeps addresses in a file that the parent makes and each worker opens; `clock` returns nanoseconds of a monotonic
    clock that all of them read, as `time.monotonic_ns` does. Any thread may ask, and so may a forked child.

    An address can be kept in the sixteen places of one bucket, which nobody outside can predict. When all are taken,
    the address nearest to its rest gives way and is as new when it comes back; never a blocked one. Passers-by owe a
    second, so they push out each other. To have itself forgotten on purpose, an address needs fifteen neighbours that
    owe more than itself, so a table full of such, as nobody can aim: at the default size and policy that takes 131,072
    addresses and 1.4 million requests within a minute, and wins one burst. Were a bucket full of blocked addresses,
    newcomers to it would be admitted without being remembered: better no limit than no service.

    Limits and blocks survive a restart of the service, not of the machine. A worker that is killed loses at most the
    request it was deciding. One that is stopped (not killed) inside a decision holds up those who ask for the same
    bucket.
    """

    def __init__(self, table: Table, policy: LimitPolicy, clock: Callable[[], int]) -> None:
        self._table = table
        self._policy = policy
        self._clock = clock

    @staticmethod
    def create(path: Path, capacity: int = CAPACITY) -> None:
        """
        Make the file, or keep the one that this start of the machine has written; in a folder that is private or that
        nobody else can remove files from. Raises `ServiceError` when it cannot be written.
        """
        create_table(path, capacity)

    @classmethod
    def open(cls, path: Path, policy: LimitPolicy, clock: Callable[[], int], *, alone: bool = False) -> Self:
        """
        Open the file that `create` made; `alone` where no other process has it open. Raises `ServiceError` where there
        is none that can be trusted.
        """
        return cls(Table(path, alone=alone), policy, clock)

    def close(self) -> None:
        """Let go of the file; what it says stays."""
        self._table.close()

    def ask(self, key: str, policy: LimitPolicy | None = None) -> Verdict:
        """Count one request under `key` and return the verdict, by the limiter's own policy or by the one given."""
        table = self._table
        bucket, name = table.locate(key)
        table.hold(bucket)
        try:
            now = self._clock()
            place, known = table.find(bucket, name)
            verdict, state = decide(policy or self._policy, known, now)
            if place is None:
                place = table.vacancy(bucket)
            if place is None:
                place = give_way(self._policy, table.read_all(bucket), now)
            if place is not None and known is not state:
                table.write(bucket, place, name, state)
            return verdict
        finally:
            table.release(bucket)

    def forget(self, key: str) -> bool:
        """Remove the state of `key`. Say whether there was anything to forget."""
        table = self._table
        bucket, name = table.locate(key)
        table.hold(bucket)
        try:
            place, _ = table.find(bucket, name)
            if place is None:
                return False
            table.clear(bucket, place)
            return True
        finally:
            table.release(bucket)
