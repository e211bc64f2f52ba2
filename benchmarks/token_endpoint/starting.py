"""
How long a start takes, and what a service holds that nobody asks.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.token_endpoint.processes import NotAvailable
from benchmarks.token_endpoint.requests import Credentials, ask, post
from benchmarks.token_endpoint.results import Start
from benchmarks.token_endpoint.rows import RS256
from benchmarks.token_endpoint.servers import START_SECONDS, Peers, Server, launch

REST_SECONDS = 1.0
"""After the first token, before memory is read: whatever a start puts off has then been done."""


def measure_start(folder: Path, core: int, starts: int) -> Start:
    """
    Return the medians over several starts of a folder that exists. Raises `NotAvailable`.
    """
    with _running(folder, core) as founded:
        founded.wait_until_open()
        client = founded.create_client("start")
    seconds, memories = [], []
    for _ in range(starts):
        started = time.perf_counter()
        with _running(folder, core) as server:
            _wait_for_token(server, client)
            seconds.append(time.perf_counter() - started)
            time.sleep(REST_SECONDS)
            memories.append(server.tree.memory())
    return Start(median(seconds), sorted(memories, key=lambda memory: memory.pss)[len(memories) // 2])


@contextmanager
def _running(folder: Path, core: int) -> Iterator[Server]:
    server = launch(RS256, folder, (core,), Peers(None, None))
    try:
        yield server
    finally:
        server.tree.stop()


def _wait_for_token(server: Server, client: Credentials) -> None:
    server.wait_until_open()
    deadline = time.monotonic() + START_SECONDS
    while ask(server.port, post(client)).status != 200:
        if time.monotonic() > deadline:
            raise NotAvailable(f"no token after {START_SECONDS:.0f} s")
