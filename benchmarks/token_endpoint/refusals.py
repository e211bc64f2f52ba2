"""
Whether a refusal costs more than a token, and whether its time tells why it was refused (RFC 6819 section 4.4.1.11).
"""

import random
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import median

from benchmarks.token_endpoint.load import put_load
from benchmarks.token_endpoint.overlap import compare
from benchmarks.token_endpoint.plan import Cores, Plan
from benchmarks.token_endpoint.processes import NotAvailable
from benchmarks.token_endpoint.requests import Connection, Credentials, post
from benchmarks.token_endpoint.results import Kind, Refusals
from benchmarks.token_endpoint.servers import Server

REFUSED = (Kind.WRONG, Kind.UNKNOWN, Kind.DELETED)
WARM_UP = 50
UNKNOWN_ID = "Zq7Zq7Zq7Zq7Zq7Zq7Zq7Zq7Zq7Zq7Zq"
"""Shaped like a client id, and nobody's."""


def measure_refusals(server: Server, good: Credentials, plan: Plan, cores: Cores) -> Refusals:
    """
    Compare good and refused requests on a running server. Raises `NotAvailable` when an answer is not the expected one.
    """
    asked = _requests(server, good)
    cost: dict[Kind, list[float]] = {kind: [] for kind in Kind}
    for _ in range(plan.rounds):
        for kind in random.sample(list(Kind), len(Kind)):
            load = put_load(server, asked[kind], _status(kind), plan.seconds, (cores.load,))
            cost[kind].append(1e6 / load.per_cpu_second)
    delays = _delays(server, asked, plan.samples)
    wrong = delays[Kind.WRONG]
    return Refusals(
        row=server.row,
        cost={kind: median(values) for kind, values in cost.items()},
        delay={kind: median(values) for kind, values in delays.items()},
        samples=plan.samples,
        pairs={(one, other): compare(delays[one], delays[other]) for one, other in combinations(REFUSED, 2)},
        control=compare(wrong[0::2], wrong[1::2]),
    )


def _requests(server: Server, good: Credentials) -> Mapping[Kind, Credentials]:
    """
    Every kind carries a secret that is really some client's: what differs is only what the service knows of it.
    """
    other, deleted = server.create_client("other"), server.create_client("deleted")
    server.delete_client(deleted)
    return {
        Kind.GOOD: good,
        Kind.WRONG: Credentials(good.client_id, other.secret),
        Kind.UNKNOWN: Credentials(UNKNOWN_ID, other.secret),
        Kind.DELETED: deleted,
    }


def _status(kind: Kind) -> int:
    return 200 if kind is Kind.GOOD else 401


def _delays(server: Server, asked: Mapping[Kind, Credentials], samples: int) -> dict[Kind, list[float]]:
    """
    Return microseconds from sending to the whole answer: one connection, one request at a time, kinds in random order.
    """
    requests = {kind: post(credentials) for kind, credentials in asked.items()}
    delays: dict[Kind, list[float]] = {kind: [] for kind in Kind}
    with Connection(server.port) as connection:
        for kind in _shuffled(WARM_UP):
            connection.send(requests[kind])
        for kind in _shuffled(samples):
            reply = connection.send(requests[kind])
            if reply.status != _status(kind):
                raise NotAvailable(f"{kind} was answered by {reply.status}")
            delays[kind].append(reply.nanoseconds / 1e3)
    return delays


def _shuffled(times: int) -> Sequence[Kind]:
    """
    Each kind once per turn, each turn in another order: whatever drifts, drifts for all.
    """
    return [kind for _ in range(times) for kind in random.sample(list(Kind), len(Kind))]
