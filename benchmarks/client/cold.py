"""
Token requests until everybody has a token, when all start at once.
"""

import asyncio
import multiprocessing as mp
import tempfile
import threading

from benchmarks.client import libraries
from benchmarks.client.endpoint import Manner, answering
from benchmarks.client.tables import Plan, Table

SLOW = Manner(delay=0.3)
"""A token endpoint far away: long enough for everybody to come before the first answer."""

THREADS, TASKS, PROCESSES, THREADS_EACH = 50, 1000, 16, 10


def cold_starts(_: Plan) -> Table:
    """
    Count them for every library.
    """
    rows = [(name, of_threads(name), of_tasks(name), of_processes(name)) for name in libraries.SYNC]
    return Table(
        "Cold start",
        "Token requests until everybody has a token; all begin at once, and the endpoint takes 0.3 s. Goal: 1 each.",
        ("library", f"{THREADS} threads", f"{TASKS} tasks", f"{PROCESSES} processes × {THREADS_EACH} threads"),
        rows,
    )


def of_threads(name: str) -> str:
    with answering(SLOW) as endpoint:
        all_at_once(libraries.SYNC[name](endpoint.url), THREADS)
        return str(endpoint.count)


def of_tasks(name: str) -> str:
    async def main(url: str) -> None:
        ask = libraries.ASYNC[name](url)
        await asyncio.gather(*(ask() for _ in range(TASKS)))

    if name not in libraries.ASYNC:
        return "–"
    with answering(SLOW) as endpoint:
        asyncio.run(main(endpoint.url))
        return str(endpoint.count)


def of_processes(name: str) -> str:
    with answering(SLOW) as endpoint, tempfile.TemporaryDirectory() as folder:
        shared = folder if name == libraries.OURS else None
        spawned = mp.get_context("spawn")
        children = [spawned.Process(target=child, args=(name, endpoint.url, shared)) for _ in range(PROCESSES)]
        for one in children:
            one.start()
        for one in children:
            one.join()
        return str(endpoint.count)


def child(name: str, url: str, folder: str | None) -> None:
    if folder:
        from gatekey import DiskCache

        all_at_once(libraries.gatekey(url, cache=DiskCache(folder)), THREADS_EACH)
    else:
        all_at_once(libraries.SYNC[name](url), THREADS_EACH)


def all_at_once(ask: libraries.Ask, count: int) -> None:
    begin = threading.Barrier(count)

    def one() -> None:
        begin.wait()
        ask()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
