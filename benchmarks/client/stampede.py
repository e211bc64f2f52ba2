"""
Many processes that find their shared token expired in the same moment.
"""

import multiprocessing as mp
import tempfile
import time
from typing import Any

from benchmarks.client import libraries
from benchmarks.client.endpoint import Manner, answering
from benchmarks.client.tables import Plan, Row, Table

PROCESSES = 16


def stampede(plan: Plan) -> Table:
    """
    Let them, once a run.
    """
    return Table(
        "Stampede on the disk cache",
        f"{PROCESSES} processes whose shared token expired, at once; the endpoint answers at once. Goal: one request,"
        " 50 ms. One of them asks, and has to import the transport first; the others are woken by its lock.",
        ("token requests", "median wait, ms", "longest wait, ms", "first to last, ms"),
        [once() for _ in range(plan.runs)],
    )


def once() -> Row:
    context = mp.get_context("spawn")
    with answering(Manner()) as endpoint, tempfile.TemporaryDirectory() as folder:
        ready, go, told = context.Semaphore(0), context.Event(), context.Queue()
        arguments = (endpoint.url, folder, ready, go, told)
        children = [context.Process(target=child, args=arguments) for _ in range(PROCESSES)]
        for one in children:
            one.start()
        for _ in children:
            ready.acquire()
        before = endpoint.count
        go.set()
        spans = [told.get() for _ in children]
        for one in children:
            one.join()
        waits = sorted((end - start) * 1000 for start, end in spans)
        wall = (max(end for _, end in spans) - min(start for start, _ in spans)) * 1000
        return str(endpoint.count - before), f"{waits[PROCESSES // 2]:.0f}", f"{waits[-1]:.0f}", f"{wall:.0f}"


def child(url: str, folder: str, ready: Any, go: Any, told: Any) -> None:
    from gatekey import DiskCache

    now = [time.time()]
    ask = libraries.gatekey(url, cache=DiskCache(folder), clock=lambda: now[0], background=False)
    ask()
    ready.release()
    go.wait()
    now[0] += 7200  # everybody's token has just expired
    started = time.perf_counter()
    ask()
    told.put((started, time.perf_counter()))
