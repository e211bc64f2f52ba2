"""
Processes of a server: started on given cores, measured and ended as one tree (Linux).
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 10.0


class NotAvailable(Exception):
    """
    This row cannot be measured here; the text says why.
    """


@dataclass(frozen=True, slots=True)
class Memory:
    """
    What a tree holds, in MB: `pss` counts shared pages in part, `rss` counts them in full for each process.
    """

    pss: float
    rss: float


@dataclass(frozen=True, slots=True)
class Tree:
    """
    A process with all that it starts. It leads a session of its own, by which its children are known.
    """

    process: subprocess.Popen[bytes]
    log: Path

    def pids(self) -> list[int]:
        """
        Return the processes of the tree that are alive.
        """
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if self._owns(path)]

    def _owns(self, path: Path) -> bool:
        fields = _stat(path)
        return fields is not None and int(fields[3]) == self.process.pid

    def cpu_seconds(self) -> float:
        """
        Return the CPU time, user and system, of all threads of the tree.
        """
        found = [_stat(Path("/proc", str(pid))) for pid in self.pids()]
        return sum(int(fields[11]) + int(fields[12]) for fields in found if fields) / TICKS

    def memory(self) -> Memory:
        """
        Return what the tree holds now.
        """
        pss = rss = 0
        for pid in self.pids():
            for line in Path("/proc", str(pid), "smaps_rollup").read_text().splitlines():
                name, _, amount = line.partition(":")
                pss += int(amount.split()[0]) if name == "Pss" else 0
                rss += int(amount.split()[0]) if name == "Rss" else 0
        return Memory(pss * 1024 / 1e6, rss * 1024 / 1e6)

    def has_ended(self) -> bool:
        """
        Tell whether the first process is gone.
        """
        return self.process.poll() is not None

    def last_words(self) -> str:
        """
        Return the last line that it printed.
        """
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def stop(self) -> None:
        """
        End the tree: politely, then by force.
        """
        if not self.has_ended():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)


def _stat(path: Path) -> list[str] | None:
    """
    Return the fields of /proc/<pid>/stat after the name in parentheses: state, parent, group, session, …
    """
    try:
        return (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None  # ended meanwhile


def start(
    command: Sequence[str], cores: Sequence[int], log: Path, settings: Mapping[str, str], folder: Path | None = None
) -> Tree:
    """
    Start a command on `cores`, its output in `log`; `settings` join an environment without anybody's GATEKEY_*.
    """
    pinned = ["taskset", "-c", ",".join(map(str, cores)), *command]
    with log.open("wb") as output:
        process = subprocess.Popen(
            pinned,
            env={**clean_environment(), **settings},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return Tree(process, log)


def has_ifma() -> bool:
    """
    Tell whether the processor has AVX-512 IFMA.
    """
    return "avx512ifma" in Path("/proc/cpuinfo").read_text().split()


def clean_environment() -> dict[str, str]:
    """
    Return the environment without settings of Gatekey: what is measured is what the rows say.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("GATEKEY_")}
