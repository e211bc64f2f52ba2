"""
What a call costs when the token is there.
"""

import asyncio
import time

from benchmarks.client import libraries
from benchmarks.client.endpoint import Manner, answering
from benchmarks.client.tables import Plan, Table


def hot_path(plan: Plan) -> Table:
    """
    Time every library in microseconds a call.
    """
    with answering(Manner()) as endpoint:
        rows = [(name, sync(name, endpoint.url, plan), awaited(name, endpoint.url, plan)) for name in libraries.SYNC]
    return Table(
        "A token from memory",
        f"µs a call, best of {plan.runs} × {plan.calls}. Goal: 1.",
        ("library", "threads", "event loop"),
        rows,
    )


def sync(name: str, url: str, plan: Plan) -> str:
    ask, best = libraries.SYNC[name](url), float("inf")
    ask()
    for _ in range(plan.runs):
        started = time.perf_counter()
        for _ in range(plan.calls):
            ask()
        best = min(best, time.perf_counter() - started)
    return f"{best / plan.calls * 1e6:.2f}"


def awaited(name: str, url: str, plan: Plan) -> str:
    async def main() -> float:
        ask, best = libraries.ASYNC[name](url), float("inf")
        await ask()
        for _ in range(plan.runs):
            started = time.perf_counter()
            for _ in range(plan.calls):
                await ask()
            best = min(best, time.perf_counter() - started)
        return best

    return f"{asyncio.run(main()) / plan.calls * 1e6:.2f}" if name in libraries.ASYNC else "–"
