"""
All storms, and the table of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.limiter.storm.replaying import Ground, prepared
from benchmarks.limiter.storm.simulating import simulate
from benchmarks.limiter.storm.workers import WORKERS, Kind, Outcome, crew
from gatekey.server.limits.limits import Mode

CLIENTS = (1, 13)
"""All workers of one client, as copies of one program; and ten each of thirteen, as programs of several teams."""

SHIELDS = (30, 0)
"""Seconds; the default, and off."""

SEED = 130


@dataclass(frozen=True, slots=True)
class Plan:
    """
    How many workers, and how many seconds of each replay are waited for.
    """

    workers: int
    seconds: float


FULL = Plan(WORKERS, 90.0)
"""Longer than a first block: what comes after it is seen too. Six minutes in all."""

QUICK = Plan(39, 4.0)


def storm_table(plan: Plan, cores: Sequence[int]) -> Iterator[str]:
    """
    Run all storms and yield the lines of a Markdown table.
    """
    most = f"replayed, {plan.seconds:.0f} s at most, shield"
    names = ("on" if shield else "off" for shield in SHIELDS)
    replays = " | ".join(f"{most} {name}" for name in names)
    yield f"| {plan.workers} workers that go on | clients | mode | {replays} | simulated, shield on |"
    yield "|---|---|---|---|---|---|"
    with prepared(max(CLIENTS), cores) as ground:
        for mode in (Mode.STRICT, Mode.FAIR):
            replayed = [_replay(ground, mode, shield, plan) for shield in SHIELDS]
            for kind in Kind:
                for clients in CLIENTS:
                    random = _random()
                    whole = simulate(mode, crew(kind, clients, random, plan.workers), random)
                    outcomes = [*(found[kind, clients] for found in replayed), whole]
                    yield f"| {' | '.join(map(str, (kind, clients, mode, *map(_words, outcomes))))} |"


def _replay(ground: Ground, mode: Mode, shield: int, plan: Plan) -> dict[tuple[Kind, int], Outcome]:
    random = _random()
    crews = {(kind, clients): crew(kind, clients, random, plan.workers) for kind in Kind for clients in CLIENTS}
    return ground.replay(mode, shield, crews, plan.seconds)


def _random() -> Random:
    return Random(SEED)


def _words(outcome: Outcome) -> str:
    requests = f"{outcome.requests:,} requests"
    if outcome.ended:
        return f"all after {_time(outcome.seconds)}, {requests}"
    return f"{outcome.served} of {outcome.workers} after {_time(outcome.seconds)}, {requests}"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
