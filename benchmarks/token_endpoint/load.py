"""
Load by wrk: 16 connections, each asking again as soon as it is answered.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.token_endpoint.processes import NotAvailable, clean_environment
from benchmarks.token_endpoint.requests import PATH, Credentials
from benchmarks.token_endpoint.servers import Server

CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("post.lua")
GRACE_SECONDS = 20.0
"""How much longer than asked wrk may take before it is given up."""

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
    told = _wrk(server.port, credentials, seconds, cores)
    spent = server.tree.cpu_seconds() - before
    answers, refused = int(told["answers"]), int(told["refused"])
    right = refused if status >= 400 else answers - refused
    if told["broken"] or answers == 0 or right < HONEST * answers:
        raise NotAvailable(f"of {answers} answers {right} were {status}; {told['broken']:.0f} connections broke")
    return Load(answers / told["seconds"], answers / max(spent, 0.01), told["p50"], told["p99"])


def _wrk(port: int, credentials: Credentials, seconds: float, cores: Sequence[int]) -> dict[str, float]:
    command = [
        *("taskset", "-c", ",".join(map(str, cores))),
        *("wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{max(1, round(seconds))}s"),
        *("--latency", "--script", str(SCRIPT), f"http://127.0.0.1:{port}{PATH}"),
    ]
    try:
        done = subprocess.run(
            command,
            env={**clean_environment(), "FORM": credentials.form},
            capture_output=True,
            text=True,
            timeout=seconds + GRACE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotAvailable("the load generator did not come to an end") from None
    for line in done.stdout.splitlines():
        if line.startswith("SUMMARY "):
            found: dict[str, float] = json.loads(line.removeprefix("SUMMARY "))
            return found
    raise NotAvailable(f"wrk failed: {(done.stderr or done.stdout).strip()[:200]}")
