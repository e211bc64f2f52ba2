"""
A storm against a really started service: each worker on connections of its own, each storm from its own address.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.limiter.storm.workers import Kind, Outcome, Worker
from benchmarks.token_endpoint.requests import Credentials, post
from benchmarks.token_endpoint.rows import DEFAULT_LIMIT, Row, Service
from benchmarks.token_endpoint.servers import Peers, Server, launch
from gatekey.server.limits.limits import Mode

NO_PEERS = Peers(None, None)


@dataclass(frozen=True, slots=True)
class Ground:
    """
    A data folder with its clients, and the cores for whichever service runs over it.
    """

    folder: Path
    cores: Sequence[int]
    clients: Sequence[Credentials]

    def replay(
        self, mode: Mode, shield: int, crews: Mapping[tuple[Kind, int], list[Worker]], seconds: float
    ) -> dict[tuple[Kind, int], Outcome]:
        """
        Return what became of each crew within so many seconds; all of them at once, as addresses do not feel each
        other.
        """
        settings = {**DEFAULT_LIMIT, "limit_mode": mode.value, "storm_shield": str(shield)}
        with _running(self.folder, self.cores, settings) as server:
            return asyncio.run(_storms(server, self.clients, crews, seconds))


@contextmanager
def prepared(clients: int, cores: Sequence[int]) -> Iterator[Ground]:
    """
    Make a folder with so many clients.
    """
    with tempfile.TemporaryDirectory(prefix="gatekey-storm-") as folder:
        with _running(Path(folder), cores, {}) as server:
            made = [server.create_client(f"storm-{number}") for number in range(clients)]
        yield Ground(Path(folder), cores, made)


@contextmanager
def _running(folder: Path, cores: Sequence[int], settings: Mapping[str, str]) -> Iterator[Server]:
    server = launch(Row("storm", Service.GATEKEY, "RS256", settings), folder, cores, NO_PEERS)
    try:
        server.wait_until_open()
        yield server
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
