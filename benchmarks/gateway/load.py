"""
Load by h2load: gRPC over HTTP/2 and plain HTTP/1.1.
"""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from statistics import median, quantiles

from benchmarks.gateway.processes import NotAvailable, Tree

MESSAGE_BYTES = 300
STREAM_BYTES = 10 * 1024 * 1024
WINDOW_BITS = 24
GRACE_SECONDS = 30.0
ANSWERED = re.compile(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded")
GOOD = re.compile(r"status codes: (\d+) 2xx")


@dataclass(frozen=True, slots=True)
class Shape:
    """
    What is called: the name for people, the path, and how many connections and calls at once.
    """

    words: str
    path: str
    options: tuple[str, ...]


class Kind(Enum):
    """
    The kinds of calls.
    """

    UNARY = Shape("gRPC unary", "/gateway_protocol.Gateway/Topology", ("-c", "4", "-m", "16"))
    STREAM = Shape("gRPC streaming", "/gateway_protocol.Gateway/ActivateJobs", ("-c", "4", "-m", "1"))
    HTTP = Shape("HTTP/1.1", "/v2/topology", ("--h1", "-c", "16"))

    @property
    def words(self) -> str:
        """
        The name for people.
        """
        return self.value.words

    @property
    def path(self) -> str:
        """
        The path that is called.
        """
        return self.value.path


@dataclass(frozen=True, slots=True)
class Burst:
    """
    What one burst brought: answers per second, and per CPU-second of the gateway.
    """

    per_second: float
    per_cpu_second: float


@dataclass(frozen=True, slots=True)
class Alone:
    """
    Milliseconds of calls made one at a time.
    """

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Target:
    """
    Where calls go and with which token; `tree` is whose CPU time counts, None for the upstream itself.

    `rest_port` is where HTTP/1.1 is spoken, if at another port.
    """

    port: int
    token: str
    tree: Tree | None
    rest_port: int | None = None

    def port_for(self, kind: Kind) -> int:
        """
        The port for calls of this kind.
        """
        return self.rest_port if kind is Kind.HTTP and self.rest_port else self.port


class Loader:
    """
    Runs h2load on `core`, with files in `folder`.
    """

    def __init__(self, core: int, folder: Path) -> None:
        self._core = core
        self._message = folder / "message"
        self._message.write_bytes(bytes(MESSAGE_BYTES))
        self._log = folder / "times"

    def burst(self, target: Target, kind: Kind, seconds: int) -> Burst:
        """
        Load for some seconds. Raises `NotAvailable` when answers are not good: they would not count.
        """
        before = target.tree.cpu_seconds() if target.tree else 0.0
        said = self._run(target, kind, ["-D", str(seconds), *kind.value.options], seconds)
        spent = (target.tree.cpu_seconds() if target.tree else 0.0) - before
        answers = _good_answers(said)
        return Burst(answers / seconds, answers / spent if spent else 0.0)

    def alone(self, target: Target, kind: Kind, samples: int) -> Alone:
        """
        Make calls one at a time.
        """
        self._log.unlink(missing_ok=True)
        shape = ["--h1"] if kind is Kind.HTTP else ["-m", "1"]
        said = self._run(target, kind, ["-n", str(samples), "-c", "1", *shape, f"--log-file={self._log}"], 0)
        _good_answers(said)
        times = [int(line.split()[2]) / 1000 for line in self._log.read_text().splitlines()]
        return Alone(median(times), quantiles(times, n=100)[98])

    def _run(self, target: Target, kind: Kind, options: Sequence[str], seconds: int) -> str:
        grpc = ("-d", str(self._message), "-H", "content-type: application/grpc", "-H", "te: trailers")
        command = [
            *("taskset", "-c", str(self._core), "h2load", "-w", str(WINDOW_BITS), "-W", str(WINDOW_BITS)),
            *options,
            *(() if kind is Kind.HTTP else grpc),
            *("-H", f"authorization: Bearer {target.token}"),
            f"http://127.0.0.1:{target.port_for(kind)}{kind.path}",
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False)
        except FileNotFoundError:
            raise NotAvailable("h2load or taskset is not installed") from None
        except subprocess.TimeoutExpired:
            raise NotAvailable("the load did not come to an end") from None
        return done.stdout


def _good_answers(said: str) -> int:
    answered, good = ANSWERED.search(said), GOOD.search(said)
    if answered is None or good is None:
        raise NotAvailable(f"h2load failed: {said.strip()[-200:]}")
    if not int(answered[1]) or int(good[1]) < int(answered[1]):
        raise NotAvailable(f"of {answered[1]} answers only {good[1]} were good")
    return int(good[1])
