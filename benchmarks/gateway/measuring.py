"""
One run: every gateway is started, then all are measured in turns, so that a neighbour's noise meets all alike.
"""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import click

from benchmarks.gateway import results
from benchmarks.gateway.asking import nginx
from benchmarks.gateway.gateways import gatekey, gatekey_with_much, haproxy, plain_envoy
from benchmarks.gateway.load import Alone, Burst, Kind, Loader, Target
from benchmarks.gateway.plan import Cores, Plan
from benchmarks.gateway.processes import NotAvailable
from benchmarks.gateway.results import Measured, Missing, Results
from benchmarks.gateway.revoking import measure_revoking
from benchmarks.gateway.stage import Stage
from benchmarks.gateway.tokens import Issuer
from benchmarks.gateway.upstreams import upstreams

GATEWAYS: dict[str, Callable[[Stage], AbstractContextManager[Target]]] = {
    results.PLAIN: plain_envoy,
    results.GATEKEY: gatekey,
    results.MUCH: gatekey_with_much,
    results.HAPROXY: haproxy,
    results.NGINX: nginx,
}


def measure(plan: Plan, cores: Cores, folder: Path) -> Results:
    """
    Measure everything; `folder` is empty and goes afterwards. Raises `NotAvailable` without load or upstreams.
    """
    with ExitStack() as stack:
        ports = stack.enter_context(upstreams(folder, cores.load))
        stage = Stage(ports, Issuer(), cores.gateway, folder)
        rows: dict[str, _Row | Missing] = {}
        for name, run in GATEWAYS.items():
            say(f"starting {name} ...")
            try:
                rows[name] = _Row(stack.enter_context(run(stage)))
            except (NotAvailable, OSError) as error:
                rows[name] = Missing(str(error))
        loader = Loader(cores.load, folder)
        direct = _Row(Target(ports.grpc, "none", None, ports.rest))
        measured = _take_turns(plan, loader, {results.DIRECT: direct, **rows})
        say("revocations ...")
        try:
            return Results(measured, measure_revoking(folder, ports.rest, plan.revocations))
        except (NotAvailable, OSError) as error:
            return Results(measured, Missing(str(error)))


def say(words: str) -> None:
    """
    Tell the progress to whoever waits.
    """
    click.echo(f"gateway: {words}", err=True)


class _Row:
    """
    A gateway and what was found of it so far.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.bursts: dict[Kind, list[Burst]] = {kind: [] for kind in Kind}
        self.alone: dict[Kind, list[Alone]] = {Kind.UNARY: [], Kind.HTTP: []}

    def take(self, loader: Loader, kind: Kind, plan: Plan) -> None:
        self.bursts[kind].append(loader.burst(self.target, kind, plan.seconds))
        if kind in self.alone:
            self.alone[kind].append(loader.alone(self.target, kind, plan.samples))

    def measured(self) -> Measured:
        return Measured(self.bursts, self.alone, self.target.tree.megabytes() if self.target.tree else 0.0)


def _take_turns(plan: Plan, loader: Loader, rows: dict[str, _Row | Missing]) -> dict[str, Measured | Missing]:
    current = dict(rows)
    for number in range(plan.rounds):
        say(f"round {number + 1} of {plan.rounds} ...")
        for kind in Kind:
            for name in random.sample(list(current), len(current)):
                row = current[name]
                if isinstance(row, _Row):
                    try:
                        row.take(loader, kind, plan)
                    except NotAvailable as error:
                        current[name] = Missing(f"{kind.words}: {error}")
    return {name: row if isinstance(row, Missing) else row.measured() for name, row in current.items()}
