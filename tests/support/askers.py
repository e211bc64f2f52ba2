"""
Processes that hammer one limiter together, while the test alone moves their clock.

Nothing depends on how fast the machine is: the clock is a word of a file, and the processes are watched by counting
their questions.
"""

import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gatekey.server.limits.model import Admitted, LimitPolicy
from gatekey.server.limits.ports import Limiter

HOT = "192.0.2.1"
DEADLINE = 60
"""Seconds after which a process that does not move is a fault."""


class Scoreboard:
    """
    Words that all processes see, each written by one of them: the clock, and what each worker has asked and got.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            path.write_bytes(bytes(mmap.PAGESIZE))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self._words = memoryview(self._map).cast("Q")

    @property
    def now(self) -> int:
        return self._words[0]

    @now.setter
    def now(self, instant: int) -> None:
        self._words[0] = instant

    def asked(self, worker: int) -> int:
        return self._words[1 + 2 * worker]

    def admitted(self, worker: int) -> int:
        return self._words[2 + 2 * worker]

    def count(self, worker: int, *, admitted: bool) -> None:
        self._words[2 + 2 * worker] += admitted
        self._words[1 + 2 * worker] += 1


def hammer(limiter: Limiter, board: Scoreboard, worker: int) -> None:
    """
    Ask for the same address until killed.
    """
    while True:
        board.count(worker, admitted=limiter.ask(HOT) == Admitted())


def policy_of(burst: str) -> LimitPolicy:
    """
    Return a policy under which nobody is blocked.
    """
    return LimitPolicy(burst=int(burst), block_after=2**32 - 1)


def wait_for_questions(board: Scoreboard, workers: Iterable[int], count: int) -> None:
    """
    Wait until each of the workers has asked so many more questions.
    """
    ends = time.monotonic() + DEADLINE
    goals = {worker: board.asked(worker) + count for worker in workers}
    while any(board.asked(worker) < goal for worker, goal in goals.items()):
        assert time.monotonic() < ends, f"nobody asks: {goals}"
        time.sleep(0.0005)


@contextmanager
def running(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """
    A process of a program of ours; in the end it and all that it has forked are killed.
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, program, *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def told(process: subprocess.Popen[str]) -> str:
    """
    Return what a process has printed when it ended well.
    """
    out, err = process.communicate(timeout=DEADLINE)

    assert (0, "") == (process.returncode, err)
    return out
