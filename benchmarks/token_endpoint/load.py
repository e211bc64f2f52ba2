"""
Load by h2load over HTTP/1.1: 16 connections, each asking again as soon as it is answered.
"""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from benchmarks.token_endpoint.processes import NotAvailable, clean_environment
from benchmarks.token_endpoint.requests import PATH, Credentials
from benchmarks.token_endpoint.servers import Server

CONNECTIONS = 16
CONTENT_TYPE = "content-type: application/x-www-form-urlencoded"
ANSWERED = re.compile(r"(\d+) done, \d+ succeeded, \d+ failed, (\d+) errored, (\d+) timeout")
STATUSES = re.compile(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx")
GRACE_SECONDS = 20.0
"""How much longer than asked h2load may take before it is given up."""

HONEST = 0.99
"""Share of the answers that must have the row's status; the first ones of a limited address are still tokens."""


@dataclass(frozen=True, slots=True)
class Load:
    """
    What one burst of load brought: `per_cpu_second` counts the server's whole tree, percentiles are in milliseconds.
    """

    per_second: float
    per_cpu_second: float
    p50: float
    p99: float


def put_load(server: Server, credentials: Credentials, status: int, seconds: float, cores: Sequence[int]) -> Load:
    """
    Load the server for `seconds`. Raises `NotAvailable` when answers are not what the row says: they would not count.
    """
    before = server.tree.cpu_seconds()
    with tempfile.TemporaryDirectory() as folder:
        said, times = _h2load(server.port, credentials, seconds, cores, Path(folder))
    spent = server.tree.cpu_seconds() - before
    answered, statuses = ANSWERED.search(said), STATUSES.search(said)
    if answered is None or statuses is None or len(times) < 2:
        raise NotAvailable(f"h2load failed: {said.strip()[-200:]}")
    answers, broken = int(answered[1]), int(answered[2]) + int(answered[3])
    good, _, refused, failed = map(int, statuses.groups())
    right = refused + failed if status >= 400 else good
    if broken or right < HONEST * answers:
        raise NotAvailable(f"of {answers} answers {right} were {status}; {broken} requests broke")
    hundredths = quantiles(times, n=100)
    return Load(answers / seconds, answers / max(spent, 0.01), hundredths[49], hundredths[98])


def _h2load(
    port: int, credentials: Credentials, seconds: float, cores: Sequence[int], folder: Path
) -> tuple[str, list[float]]:
    # The form holds a secret, and arguments stand in the process list.
    form, log = folder / "form", folder / "log"
    form.write_text(credentials.form)
    command = [
        *("taskset", "-c", ",".join(map(str, cores))),
        *("h2load", "--h1", "--threads", "1", "--clients", str(CONNECTIONS), "--duration", str(max(1, round(seconds)))),
        *("--data", str(form), "--header", CONTENT_TYPE, "--log-file", str(log), f"http://127.0.0.1:{port}{PATH}"),
    ]
    try:
        done = subprocess.run(
            command,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=seconds + GRACE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotAvailable("the load generator did not come to an end") from None
    # Each line: when the request began, the status, and how many microseconds it took.
    taken = [float(line.split()[2]) / 1000 for line in log.read_text().splitlines()] if log.exists() else []
    return done.stdout + done.stderr, taken
