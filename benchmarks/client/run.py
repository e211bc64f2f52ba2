"""
Measure the client library against its limits and its peers, all in this one run: `python benchmarks/client/run.py`.

Needs what requirements/locked.txt has. Takes about three minutes; name a part to run only that (cold, hot, hammer,
stampede, import, wheel, policy). google-auth and msal are no peers: they know no client credentials but their own
clouds'.
"""

import asyncio
import multiprocessing as mp
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(REPOSITORY / "tests")]

import peers  # noqa: E402 - found by the line above
from endpoint import Manner, answering  # noqa: E402 - found by the line above

SLOW = Manner(delay=0.3)
"""A token endpoint far away: long enough for everybody to come before the first answer."""

WINDOW = 10.0
"""Seconds of hammering; everything per ten minutes would take an hour."""

Row = tuple[str, ...]


def table(title: str, head: Row, rows: Iterable[Row]) -> None:
    print(f"\n{title}\n")
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        print("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |")
        if not number:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def all_at_once(ask: peers.Ask, count: int) -> None:
    begin = threading.Barrier(count)

    def one() -> None:
        begin.wait()
        ask()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def child(maker: str, url: str, folder: str | None) -> None:
    if folder:
        from gatekey import DiskCache

        all_at_once(peers.gatekey(url, cache=DiskCache(folder)), 10)
    else:
        all_at_once(peers.SYNC[maker](url), 10)


def of_threads(maker: str) -> str:
    with answering(SLOW) as endpoint:
        all_at_once(peers.SYNC[maker](endpoint.url), 50)
        return str(endpoint.count)


def of_tasks(maker: str) -> str:
    async def main(url: str) -> None:
        ask = peers.ASYNC[maker](url)
        await asyncio.gather(*(ask() for _ in range(1000)))

    if maker not in peers.ASYNC:
        return "–"
    with answering(SLOW) as endpoint:
        asyncio.run(main(endpoint.url))
        return str(endpoint.count)


def of_processes(maker: str) -> str:
    with answering(SLOW) as endpoint, tempfile.TemporaryDirectory() as folder:
        shared = folder if maker == "gatekey" else None
        arguments = (maker, endpoint.url, shared)
        children = [mp.get_context("spawn").Process(target=child, args=arguments) for _ in range(16)]
        for one in children:
            one.start()
        for one in children:
            one.join()
        return str(endpoint.count)


def cold_starts() -> None:
    rows = [(maker, of_threads(maker), of_tasks(maker), of_processes(maker)) for maker in peers.SYNC]
    head = ("token requests of a cold start", "50 threads", "1 000 tasks", "16 processes × 10 threads")
    table("Cold start: token requests until everybody has a token", head, rows)


def microseconds(ask: peers.Ask, count: int = 20_000) -> float:
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(count):
            ask()
        best = min(best, time.perf_counter() - started)
    return best / count * 1e6


async def microseconds_async(ask: peers.AskAsync, count: int = 20_000) -> float:
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(count):
            await ask()
        best = min(best, time.perf_counter() - started)
    return best / count * 1e6


def hot_path() -> None:
    rows: list[Row] = []
    with answering(Manner()) as endpoint:
        for maker, make in peers.SYNC.items():
            ask = make(endpoint.url)
            ask()
            awaited = "–"
            if maker in peers.ASYNC:

                async def both(maker: str = maker) -> float:
                    ask = peers.ASYNC[maker](endpoint.url)
                    await ask()
                    return await microseconds_async(ask)

                awaited = f"{asyncio.run(both()):.2f}"
            rows.append((maker, f"{microseconds(ask):.2f}", awaited))
    table("A token from memory, µs (best of 5 × 20 000)", ("library", "threads", "event loop"), rows)


def hammered(make: Callable[[str], peers.Ask], manner: Manner, seconds: float) -> int:
    """
    Have twenty workers ask ten times a second each, as workers do whose calls fail; return the token requests.
    """
    with answering(manner) as endpoint:
        ask, end = make(endpoint.url), time.monotonic() + seconds

        def work() -> None:
            while time.monotonic() < end:
                with suppress(Exception):  # each library has its own; the worker goes on
                    ask()
                time.sleep(0.1)

        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return endpoint.count


def dead_secret_virtually() -> int:
    from gatekey import TokenError, TokenSource
    from support.endpoint import REFUSED, Endpoint

    endpoint = Endpoint()
    endpoint.replies = [REFUSED] * 100_000
    options = endpoint.options()
    workers = [TokenSource(**options) for _ in range(20)]
    for _ in range(6000):
        for worker in workers:
            try:
                worker.token()
            except TokenError:
                continue
        endpoint.now += 0.1
    return len(endpoint.requests)


def hammering() -> None:
    rows: list[Row] = []
    for maker, make in peers.SYNC.items():
        refused, waited = hammered(make, Manner(401), WINDOW), hammered(make, Manner(429, retry_after=5), 4.5)
        rows.append((maker, str(refused), str(waited - 1)))
    head = (
        "20 workers, 10 attempts/s each",
        f"dead secret: requests in {WINDOW:.0f} s",
        "429: requests in Retry-After 5",
    )
    table("Never hammer", head, rows)
    print(f"\ngatekey, dead secret, ten minutes (virtual clock): {dead_secret_virtually()} token requests")


def stampeding(url: str, folder: str, ready: Any, go: Any, told: Any) -> None:
    from gatekey import DiskCache

    now = [time.time()]
    ask = peers.gatekey(url, cache=DiskCache(folder), clock=lambda: now[0], background=False)
    ask()
    ready.release()
    go.wait()
    now[0] += 7200  # everybody's token has just expired
    started = time.perf_counter()
    ask()
    told.put((started, time.perf_counter()))


def stampede() -> None:
    context = mp.get_context("spawn")
    rows: list[Row] = []
    for _ in range(3):
        with answering(Manner()) as endpoint, tempfile.TemporaryDirectory() as folder:
            ready, go, told = context.Semaphore(0), context.Event(), context.Queue()
            arguments = (endpoint.url, folder, ready, go, told)
            children = [context.Process(target=stampeding, args=arguments) for _ in range(16)]
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
            rows.append((str(endpoint.count - before), f"{waits[8]:.0f}", f"{waits[-1]:.0f}", f"{wall:.0f}"))
    head = ("token requests", "median wait, ms", "longest wait, ms", "first to last, ms")
    table("16 processes whose shared token has expired, at once (three runs)", head, rows)


MEASURE = """
import sys, time
def kept():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Private_Dirty"))
before, started = kept(), time.perf_counter()
exec(sys.argv[1])
print((time.perf_counter() - started) * 1000, (kept() - before) / 1024)
"""


def imports() -> None:
    rows: list[Row] = []
    for statement in (
        "import gatekey",
        "from gatekey import TokenSource",
        "from gatekey import AsyncTokenSource",
        "import dataclasses",
        "from pyzeebe.credentials.oauth import Oauth2ClientCredentialsMetadataPlugin",
        "from camunda_orchestration_sdk.runtime.auth import OAuthClientCredentialsAuthProvider",
        "from authlib.integrations.requests_client import OAuth2Session",
        "from requests_oauthlib import OAuth2Session",
    ):
        runs = [
            tuple(map(float, subprocess.check_output([sys.executable, "-c", MEASURE, statement], text=True).split()))
            for _ in range(5)
        ]
        rows.append((statement, f"{min(run[0] for run in runs):.1f}", f"{min(run[1] for run in runs):.1f}"))
    table("Import, best of 5 fresh interpreters", ("statement", "ms", "MB"), rows)


def wheel() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
            cwd=REPOSITORY,
            check=True,
            capture_output=True,
        )
        made = next(Path(folder).glob("*.whl"))
        print(f"\nWheel: {made.stat().st_size / 1000:.0f} kB ({made.name})")


def virtual_hours(wanted: float = 1_000_000) -> None:
    """
    Play the world of the tests at random until so many hours have passed in it; it raises where a promise is broken.
    """
    from support.token_world import START, World

    chance, hours, uses, requests, started = random.Random(6), 0.0, 0, 0, time.perf_counter()
    while hours < wanted:
        world = World(credentials=2, processes=2, jitter=chance.random())
        for _ in range(2000):
            play(world, chance)
        hours += (world.now - START) / 3600
        uses += world.uses
        requests += world.requests
    took = time.perf_counter() - started
    print(f"\nPolicy: {hours:,.0f} virtual hours, {uses:,} tokens used, {requests:,} granted,", end="")
    print(f" no promise broken ({took:.0f} s)")


def play(world: Any, chance: random.Random) -> None:
    """
    Have one thing happen.
    """
    from gatekey.client.policy import Wish
    from support.token_world import Drop, Grant, Limit, Refuse

    number = chance.randrange(4)
    held = world.processes[number].held.token
    refused = held.access_token if held and chance.random() < 0.1 else None
    wish = Wish(chance.choice([0.0, 30.0]), refused, forced=chance.random() < 0.02)
    limit = Limit(chance.choice([429, 503]), chance.randrange(120))
    grant = Grant(chance.choice([60, 300, 3600, 86_400]))
    answer = chance.choices([grant, limit, Refuse(), Drop()], [12, 2, 1, 1])[0]
    match chance.randrange(8):
        case 0:
            world.call(number, wish)
        case 1:
            world.run(number, chance.randrange(1, 8))
        case 2:
            world.answer(number, answer)
        case 3:
            world.serve(number, wish, answer)
        case 4:
            world.pass_time(chance.expovariate(1 / 600))
        case 5:
            world.pass_time(chance.expovariate(1 / 86_400))
        case 6:
            world.pass_to_the_edge(number, chance.uniform(-2, 15))
        case _ if chance.random() < 0.1:
            world.kill(number)


def main() -> None:
    parts: dict[str, Callable[[], None]] = {
        "cold": cold_starts,
        "hot": hot_path,
        "hammer": hammering,
        "stampede": stampede,
        "import": imports,
        "wheel": wheel,
        "policy": virtual_hours,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
