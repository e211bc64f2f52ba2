"""
The policy in virtual time: the world of the tests, played at random for as long as is asked.
"""

import random
import time

from benchmarks.client.tables import Plan, Table
from support.token_world import START, World, play

MOVES = 2000
"""Of one world, until a new one begins with other chances."""


def virtual_hours(plan: Plan) -> Table:
    """
    Play until so many hours have passed in it; raises where a promise is broken.
    """
    chance, hours, uses, requests, started = random.Random(6), 0.0, 0, 0, time.perf_counter()
    while hours < plan.hours:
        world = World(credentials=2, processes=2, jitter=chance.random())
        for _ in range(MOVES):
            play(world, chance)
        hours += (world.now - START) / 3600
        uses += world.uses
        requests += world.requests
    took = time.perf_counter() - started
    return Table(
        "The policy in virtual time",
        "Four processes, two credentials, an endpoint that grants, limits, refuses or says nothing, kills at any step."
        " Never a token used after its expiry, never two requests under way, never one while barred.",
        ("virtual hours", "tokens used", "tokens granted", "promises broken", "s"),
        [(f"{hours:,.0f}", f"{uses:,}", f"{requests:,}", "0", f"{took:.0f}")],
    )
