"""
Processes that are measured: started, pinned to a core, ended (Linux).
"""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 20.0
STOP_SECONDS = 10.0


class NotAvailable(Exception):
    """
    This row cannot be measured here; the text says why.
    """


@dataclass(frozen=True, slots=True)
class Tree:
    """
    A process with its children, by the id of the first; `beside` is another one that is counted with it.
    """

    pid: int
    beside: "Tree | None" = None

    def cpu_seconds(self) -> float:
        """
        Return the CPU time, user and system, of all threads.
        """
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.pids()]
        return sum(int(fields[11]) + int(fields[12]) for fields in stats) / TICKS

    def megabytes(self) -> float:
        """
        Return the memory held (PSS).
        """
        kilobytes = 0
        for pid in self.pids():
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return kilobytes * 1024 / 1e6

    def pin(self, core: int) -> None:
        """
        Keep every thread on one core; those started later inherit it.
        """
        for pid in self.pids():
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {core})

    def pids(self) -> list[int]:
        """
        Return the processes of the tree.
        """
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children), *(self.beside.pids() if self.beside else [])]


def start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """
    Start a program; what it says goes to `log`. Raises `NotAvailable` when it is not installed.
    """
    try:
        with log.open("wb") as output:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    except FileNotFoundError:
        raise NotAvailable(f"{command[0]} is not installed") from None


def stop(process: subprocess.Popen[bytes]) -> None:
    """
    End a program, if it must be by force.
    """
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(what: Callable[[], bool], name: str) -> None:
    """
    Wait until `what` is so. Raises `NotAvailable`.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if what():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise NotAvailable(f"{name} was not ready within {START_SECONDS:.0f} s")
        time.sleep(0.02)
