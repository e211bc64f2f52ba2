"""
A storm against a really started service: each worker on connections of its own, each storm from its own address.
"""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from benchmarks.limiter.storm.workers import Kind, Outcome, Worker
from benchmarks.token_endpoint.requests import Credentials, post
from benchmarks.token_endpoint.rows import DEFAULT_LIMIT, Row, Service
from benchmarks.token_endpoint.servers import Peers, Server, launch
from gatekey.server.limiting.limits import Mode

NO_PEERS = Peers(None, None)


def replay(
    mode: Mode, shield: int, crews: Mapping[tuple[Kind, int], list[Worker]], seconds: float, cores: Sequence[int]
) -> dict[tuple[Kind, int], Outcome]:
    """
    Return what became of each crew within so many seconds; all of them at once, as addresses do not feel each other.
    """
    settings = {**DEFAULT_LIMIT, "limit_mode": mode.value, "storm_shield": str(shield)}
    row = Row(f"storm, {mode}", Service.GATEKEY, "RS256", settings)
    with tempfile.TemporaryDirectory(prefix="gatekey-storm-") as folder:
        server = launch(row, Path(folder), cores, NO_PEERS)
        try:
            server.wait_until_open()
            most = max(clients for _, clients in crews)
            clients = [server.create_client(f"storm-{number}") for number in range(most)]
            return asyncio.run(_storms(server, clients, crews, seconds))
        finally:
            server.tree.stop()


async def _storms(
    server: Server, clients: Sequence[Credentials], crews: Mapping[tuple[Kind, int], list[Worker]], seconds: float
) -> dict[tuple[Kind, int], Outcome]:
    # Linux takes all of 127.0.0.0/8 for loopback, so every storm has an address that nobody else has.
    found = await asyncio.gather(
        *(
            _storm(server.port, f"127.9.0.{number}", clients, crew, seconds)
            for number, crew in enumerate(crews.values(), start=1)
        )
    )
    return dict(zip(crews, found, strict=True))


async def _storm(
    port: int, address: str, clients: Sequence[Credentials], crew: Sequence[Worker], seconds: float
) -> Outcome:
    began, random = time.monotonic(), Random(port)

    async def work(worker: Worker) -> float | None:
        request = post(clients[worker.client])
        await asyncio.sleep(worker.first)
        while True:
            worker.tries += 1
            status, retry_after = await _ask(port, address, request)
            passed = time.monotonic() - began
            if status == 200:
                return passed
            pause = worker.pause(retry_after, random)
            if passed + pause > seconds:
                return None
            await asyncio.sleep(pause)

    ends = [end for end in await asyncio.gather(*map(work, crew)) if end is not None]
    ended = len(ends) == len(crew)
    return Outcome(len(crew), len(ends), max(ends) if ended else seconds, sum(worker.tries for worker in crew))


async def _ask(port: int, address: str, request: bytes) -> tuple[int, int]:
    """
    Return the status and, where there is one, the seconds of Retry-After.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        after = head.partition(b"retry-after: ")[2].partition(b"\r\n")[0]
        return int(head.split(b" ", 2)[1]), int(after or b"1")
    finally:
        writer.close()
