"""
One run: everything is started first, then measured in turns, so that a neighbour's noise meets all rows alike.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

import click

from benchmarks.token_endpoint import rows
from benchmarks.token_endpoint.limits import measure_limit
from benchmarks.token_endpoint.load import Load, put_load
from benchmarks.token_endpoint.plan import Cores, Plan
from benchmarks.token_endpoint.processes import NotAvailable
from benchmarks.token_endpoint.refusals import measure_refusals
from benchmarks.token_endpoint.requests import Credentials
from benchmarks.token_endpoint.results import Measured, Missing, Refusals, Results
from benchmarks.token_endpoint.rows import Row, Service
from benchmarks.token_endpoint.servers import PEER_CLIENT, Peers, Server, launch
from benchmarks.token_endpoint.starting import measure_start

Found = TypeVar("Found")

JIT_WARM_UP = 3
"""Seconds of load, after which the rate of node-oidc-provider was found to grow no more."""


@dataclass(frozen=True, slots=True)
class Ready:
    """
    A server that was shown to do what its row says, and who asks it.
    """

    server: Server
    client: Credentials


def measure(plan: Plan, cores: Cores, peers: Peers, folder: Path) -> Results:
    """
    Measure everything; `folder` is empty and goes afterwards.
    """
    say("start and idle memory ...")
    start = _found(partial(measure_start, folder / "start", cores.server, plan.starts))
    with ExitStack() as stack:
        ready = _make_ready(stack, rows.ON_ONE_CORE, folder, (cores.server,), peers)
        say("signing limits and servers on one core ...")
        limits, measured = _measure_one_core(plan, cores, ready)
        say("good and refused requests ...")
        refusals = _measure_refusals(plan, cores, ready)
    with ExitStack() as stack:
        ready = _make_ready(stack, (rows.ONE_WORKER, rows.TWO_WORKERS), folder, cores.both, peers)
        say("one and two workers on both cores ...")
        turns = _Turns(plan, cores.both, ready)
        for _ in range(plan.rounds):
            turns.take()
    return Results(limits, measured, turns.measured(), refusals, start)


def say(words: str) -> None:
    """
    Tell the progress to whoever waits.
    """
    click.echo(f"token_endpoint: {words}", err=True)


def _make_ready(
    stack: ExitStack, wanted: Sequence[Row], folder: Path, cores: Sequence[int], peers: Peers
) -> dict[Row, Ready | Missing]:
    """
    Start all, then wait for each: they start while others are being made ready.
    """
    started: dict[Row, Server | Missing] = {}
    for number, row in enumerate(wanted):
        started[row] = _found(partial(launch, row, folder / f"{len(cores)}-{number}", cores, peers))
        server = started[row]
        if isinstance(server, Server):
            stack.callback(server.tree.stop)
    ready: dict[Row, Ready | Missing] = {}
    for row, server in started.items():
        found = server if isinstance(server, Missing) else _found(partial(_prove, server))
        ready[row] = found
        say(f"  {row.name}: {'NOT AVAILABLE: ' + found.reason if isinstance(found, Missing) else 'ready'}")
    return ready


def _prove(server: Server) -> Ready:
    server.wait_until_open()
    client = server.create_client("bench") if server.row.service is Service.GATEKEY else PEER_CLIENT
    server.prove(client)
    return Ready(server, client)


def _measure_one_core(
    plan: Plan, cores: Cores, ready: Mapping[Row, Ready | Missing]
) -> tuple[dict[Row, float], dict[Row, Measured | Missing]]:
    """
    Measure limits and servers in the same turns. Rows that sign alike share a limit.
    """
    turns = _Turns(plan, (cores.load,), ready)
    signing = [row for row, there in ready.items() if row.signs and isinstance(there, Ready)]
    rates: dict[str, list[float]] = {_signature(row): [] for row in signing}
    alike = {_signature(row): row for row in signing}
    for _ in range(plan.rounds):
        for signature, row in alike.items():
            rates[signature].append(measure_limit(row.algorithm, cores.server, plan.seconds / 2, row.processor))
        turns.take()
    return {row: median(rates[_signature(row)]) for row in signing}, turns.measured()


def _signature(row: Row) -> str:
    return f"{row.algorithm} {row.processor}"


class _Turns:
    """
    Bursts of load, one per row and turn, each turn in another order; a row that fails once is missing from then on.
    """

    def __init__(self, plan: Plan, cores: Sequence[int], ready: Mapping[Row, Ready | Missing]) -> None:
        self._seconds, self._cores, self._ready = plan.seconds, cores, dict(ready)
        self._loads: dict[Row, list[Load]] = {row: [] for row in ready}
        for row in ready:
            # A just-in-time compiler needs seconds until it shows what it can; the others only fill their caches.
            self._burst(row, JIT_WARM_UP if row.service is Service.NODE else plan.warm_up)

    def take(self) -> None:
        """
        Load every row once.
        """
        for row in random.sample(list(self._ready), len(self._ready)):
            load = self._burst(row, self._seconds)
            if load is not None:
                self._loads[row].append(load)

    def measured(self) -> dict[Row, Measured | Missing]:
        """
        Return what the turns brought.
        """
        return {
            row: there if isinstance(there, Missing) else Measured(self._loads[row])
            for row, there in self._ready.items()
        }

    def _burst(self, row: Row, seconds: int) -> Load | None:
        there = self._ready[row]
        if isinstance(there, Missing) or not seconds:
            return None
        load = _found(partial(put_load, there.server, there.client, row.status, seconds, self._cores))
        if isinstance(load, Missing):
            say(f"  {row.name}: NOT AVAILABLE: {load.reason}")
            self._ready[row] = load
            return None
        return load


def _measure_refusals(plan: Plan, cores: Cores, ready: Mapping[Row, Ready | Missing]) -> Refusals | Missing:
    for row in rows.REFUSING:
        there = ready[row]
        if isinstance(there, Ready):
            return _found(partial(measure_refusals, there.server, there.client, plan, cores))
    return Missing("no Gatekey to ask")


def _found(look: Callable[[], Found]) -> Found | Missing:
    """
    Return what was looked for, or why it is missing; a row that cannot be measured never stops the others.
    """
    try:
        return look()
    except (NotAvailable, OSError, ValueError) as error:
        return Missing(str(error) or type(error).__name__)
