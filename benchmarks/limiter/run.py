"""
Prints what decisions cost, beside the goals they are held to.
"""

import multiprocessing
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median, quantiles
from typing import TypeVar

import click

from gatekey.server.events.model import Event
from gatekey.server.limits.decide import decide
from gatekey.server.limits.fallback import AdmitNone
from gatekey.server.limits.model import SECOND, Admitted, LimitPolicy
from gatekey.server.limits.ports import Limiter
from gatekey.server.limits.shared import SharedLimiter
from gatekey.server.storage.redis.limiter import SCRIPT, RedisLimiter
from gatekey.server.storage.redis.link import RedisLink, connector

CONTEXT = multiprocessing.get_context("fork")
Clock = Callable[[], int]
Open = Callable[[LimitPolicy, Clock], Limiter]
Found = TypeVar("Found")

SPREAD = 50_000
"""Addresses of a busy installation: as in published comparisons of limiters."""

DECISIONS = 100_000
ROUNDS = 3
"""The median of them is shown, because neighbours on the machine come and go."""

HOT_SECONDS = 1.5
HOT_POLICY = LimitPolicy(rate=100, burst=10, block_after=2**32 - 1)
WINDOWS = 10
"""The first and the last tenth of many addresses are compared."""

MOST_SLOWER, MOST_BYTES = 1.5, 150
"""What is allowed: the last decisions against the first, and for each address in a shared table."""

ROOM = 1.6
"""Places per address, so that few buckets are full; 115 bytes per address."""


STORES = ("redis-server", "valkey-server")
STORE_GOAL = 80
"""Microseconds: a round trip on one machine, half the time of a signature by RSA."""


@dataclass(frozen=True, slots=True)
class Cost:
    """
    Microseconds per decision, and decisions per second of all processes together.
    """

    p50: float
    p99: float
    rate: float


@contextmanager
def shared_table(capacity: int) -> Iterator[Open]:
    """
    A file in memory where there is such a folder, else a temporary one.
    """
    folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - only its existence is relied on
    with tempfile.TemporaryDirectory(prefix="gatekey-bench-", dir=folder) as private:
        path = Path(private) / "limits"
        SharedLimiter.create(path, capacity)
        yield lambda policy, clock: SharedLimiter.open(path, policy, clock)


class Loud:
    """
    An observer to which any trouble is the end of the measurement.
    """

    def tell(self, event: Event) -> None:
        raise RuntimeError(event)


@contextmanager
def store(program: str | None) -> Iterator[tuple[Open, Open] | None]:
    """
    A store on a Unix socket: what opens limiters by its own clock, and by the one that is handed in.
    """
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="gatekey-bench-") as private:
        path = Path(private) / "store"
        command = [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", private]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                while not path.exists():
                    time.sleep(0.01)
                yield (
                    lambda policy, _: _store_limiter(path, policy, b"own", None),
                    lambda policy, clock: _store_limiter(path, policy, b"given", clock),
                )
            finally:
                process.terminate()


def _store_limiter(path: Path, policy: LimitPolicy, key: bytes, clock: Clock | None) -> Limiter:
    link = RedisLink(connector(f"unix://{path}", None, 5), SCRIPT, Loud())
    limiter = RedisLimiter(link, policy, key, AdmitNone(), clock)
    limiter.start()
    return limiter


def at_once(work: Callable[[Barrier], Found], processes: int) -> list[Found]:
    """
    Do the work in so many processes, each on a core of its own, beginning together.
    """
    barrier = CONTEXT.Barrier(processes)
    cores = sorted(os.sched_getaffinity(0))

    def child(number: int, channel: Connection) -> None:
        os.sched_setaffinity(0, {cores[number % len(cores)]})
        channel.send(work(barrier))

    pipes = [CONTEXT.Pipe(duplex=False) for _ in range(processes)]
    started = [CONTEXT.Process(target=child, args=(number, pipe[1])) for number, pipe in enumerate(pipes)]
    for process in started:
        process.start()
    found = [receiver.recv() for receiver, _ in pipes]
    for process in started:
        process.join()
    return found


def timed(limiter: Limiter, addresses: Sequence[str]) -> list[int]:
    """
    Return the nanoseconds of each decision.
    """
    ask, clock, times = limiter.ask, time.perf_counter_ns, []
    for address in addresses:
        began = clock()
        ask(address)
        times.append(clock() - began)
    return times


def cost(make: Open, processes: int, addresses: Callable[[], list[str]]) -> Cost:
    """
    Measure several rounds after one that only warms up.
    """

    def work(barrier: Barrier) -> list[Cost]:
        limiter, found = make(LimitPolicy(), time.monotonic_ns), []
        for _ in range(ROUNDS + 1):
            asked = addresses()
            barrier.wait()
            began = time.perf_counter()
            times = timed(limiter, asked)
            rate = len(asked) / (time.perf_counter() - began)
            cuts = quantiles(times, n=100)
            found.append(Cost(cuts[49] / 1000, cuts[98] / 1000, rate))
        return found[1:]

    rounds = [each for one in at_once(work, processes) for each in one]
    rate = processes * median(each.rate for each in rounds)
    return Cost(median(each.p50 for each in rounds), median(each.p99 for each in rounds), rate)


def spread() -> list[str]:
    """
    Return addresses in the order in which they ask: many, each now and then.
    """
    return [f"2001:db8:{random.randrange(SPREAD):x}::/64" for _ in range(DECISIONS)]


def hot() -> list[str]:
    """
    Return one address that hammers and is blocked.
    """
    return ["192.0.2.1"] * DECISIONS


def hot_exactness(make: Open, processes: int) -> tuple[int, int]:
    """
    Return how often one address that all processes hammer was admitted, and how often is right: what one limiter alone
    would have said to all of them, at the same instants.
    """

    def work(barrier: Barrier) -> tuple[int, list[int]]:
        instants: list[int] = []

        def clock() -> int:
            instants.append(time.monotonic_ns())
            return instants[-1]

        limiter, admitted = make(HOT_POLICY, clock), 0
        barrier.wait()
        ends = time.monotonic() + HOT_SECONDS
        while time.monotonic() < ends:
            admitted += limiter.ask("192.0.2.1") == Admitted()
        return admitted, instants

    found, state, right = at_once(work, processes), None, 0
    for now in sorted(instant for _, instants in found for instant in instants):
        verdict, state = decide(HOT_POLICY, state, now)
        right += verdict == Admitted()
    return sum(admitted for admitted, _ in found), right


@dataclass(frozen=True, slots=True)
class Crowd:
    """
    Very many addresses: bytes for each, microseconds (p50) among the first and the last of them, and the share of them
    that is still remembered in the end.
    """

    size: float
    first: float
    last: float
    remembered: float


def crowd(make: Open, count: int, file_size: int) -> Crowd:
    """
    Ask once for each of `count` addresses while the clock stands still, so that none comes to rest.
    """

    def work(_: Barrier) -> Crowd:
        limiter = make(LimitPolicy(burst=1), lambda: SECOND)
        medians = []
        for window in range(WINDOWS):
            numbers = range(window * count // WINDOWS, (window + 1) * count // WINDOWS)
            medians.append(
                median(timed(limiter, [f"2001:db8:{n >> 16:x}:{n & 0xFFFF:x}::/64" for n in numbers])) / 1000
            )
        size = file_size / count
        sample = random.sample(range(count), min(count, 20_000))
        again = [limiter.ask(f"2001:db8:{n >> 16:x}:{n & 0xFFFF:x}::/64") for n in sample]
        return Crowd(size, medians[0], medians[-1], 1 - again.count(Admitted()) / len(again))

    return at_once(work, 1)[0]


def _row(*cells: object) -> None:
    widths = (28, 12, 12, 14, 24)
    click.echo("  ".join(f"{cell!s:<{width}}" for cell, width in zip(cells, widths, strict=False)).rstrip())


def _show_costs(shared: Open, store: Open | None) -> None:
    _row("one decision", "p50 µs", "p99 µs", "all per s", "goal (p50)")
    rows: list[tuple[str, Open, int, Callable[[], list[str]], str]] = [
        ("shared, 50,000 addresses", shared, 1, spread, ""),
        ("  by two processes", shared, 2, spread, "15"),
        ("shared, one blocked", shared, 1, hot, ""),
        ("  by two processes", shared, 2, hot, "15"),
    ]
    if store is not None:
        rows += [
            ("store, 50,000 addresses", store, 1, spread, str(STORE_GOAL)),
            ("  by two processes", store, 2, spread, ""),
            ("store, one blocked", store, 1, hot, str(STORE_GOAL)),
        ]
    for name, make, processes, addresses, goal in rows:
        found = cost(make, processes, addresses)
        verdict = goal and f"≤ {goal}: {'met' if found.p50 <= float(goal) else 'MISSED'}"
        _row(name, f"{found.p50:.1f}", f"{found.p99:.1f}", f"{found.rate:,.0f}", verdict)


def _show_exactness(store: Open | None) -> None:
    _row("one hammered address", "admitted", "right")
    with shared_table(1000) as shared:
        one = hot_exactness(shared, 1)
    with shared_table(1000) as shared:
        two = hot_exactness(shared, 2)
    rows = [
        ("shared, 1 process", one),
        ("shared, 2 processes", two),
    ]
    if store is not None:
        rows.append(("store, 2 processes", hot_exactness(store, 2)))
    for name, (admitted, right) in rows:
        _row(name, admitted, right, "exact" if admitted == right else "NOT exact")


def _show_crowds(count: int) -> None:
    _row(f"{count:,} addresses", "bytes each", "first µs", "last µs", "still remembered, goals")
    room = round(count * ROOM)
    with shared_table(room) as shared:
        roomy = crowd(shared, count, room * 72)
    with shared_table(count // 10) as shared:
        full = crowd(shared, count, count // 10 * 72)
    slower = roomy.last / roomy.first
    goals = f"{slower:.2f} times slower, ≤ {MOST_SLOWER}: {'met' if slower <= MOST_SLOWER else 'MISSED'}"
    goals += f"; ≤ {MOST_BYTES} bytes: {'met' if roomy.size <= MOST_BYTES else 'MISSED'}"
    _crowd_row("shared", roomy, goals)
    _crowd_row("shared, a tenth has room", full, "every newcomer looks for who gives way")


def _crowd_row(name: str, found: Crowd, remark: str) -> None:
    _row(name, f"{found.size:.0f}", f"{found.first:.1f}", f"{found.last:.1f}", f"{found.remembered:.1%}, {remark}")


def measure(addresses: int) -> None:
    """
    Measure the limiter in a shared file, and in a Redis or Valkey where one is installed; a crowd is so many
    addresses.
    """
    program = next(filter(None, map(shutil.which, STORES)), None)
    if program is None:
        click.echo(f"NOT MEASURED: neither {' nor '.join(STORES)} is installed.\n")
    with shared_table(131_072) as shared, store(program) as made:
        by_own_clock, by_ours = made or (None, None)
        _show_costs(shared, by_own_clock)
        click.echo()
        _show_exactness(by_ours)
    click.echo()
    _show_crowds(addresses)
