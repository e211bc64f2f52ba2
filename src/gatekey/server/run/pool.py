"""Several workers: started together, one that dies started again, all ended together."""

import asyncio
import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from gatekey.errors import ServiceError
from gatekey.server.events.metrics import forget_process
from gatekey.server.events.model import Failed
from gatekey.server.events.ports import Observer
from gatekey.server.run.http.server import GRACE_SECONDS
from gatekey.server.settings import Settings

RESTART_SECONDS = 0.5
"""Pause before a dead worker is started again, so that one that cannot start does not eat a core."""


class WorkerPool:
    """Processes that share listening sockets; the kernel hands each connection to one of them."""

    def __init__(self, settings: Settings, limits: Path, observer: Observer) -> None:
        self._settings = settings
        self._limits = limits
        self._observer = observer
        self._keepers: list[asyncio.Task[None]] = []
        self._ending = False
        self._processes: dict[int, asyncio.subprocess.Process] = {}

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Start all workers and wait until each is ready. Raises `ServiceError` when one is not."""
        ready = [asyncio.Event() for _ in range(self._settings.workers)]
        self._keepers = [asyncio.create_task(self._keep(number, sockets, event)) for number, event in enumerate(ready)]
        waiting = asyncio.create_task(_all_set(ready))
        await asyncio.wait([waiting, *self._keepers], return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            await self.stop()
            raise ServiceError("A worker did not start.", hint="What it wrote to standard error says why.")

    async def stop(self) -> None:
        """End all workers after the requests under way."""
        self._ending = True
        for process in self._processes.values():
            if process.returncode is None:
                process.terminate()
        _, late = await asyncio.wait(self._keepers, timeout=GRACE_SECONDS + 1) if self._keepers else (None, ())
        for process in self._processes.values():
            if late and process.returncode is None:
                process.kill()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    async def _keep(self, number: int, sockets: Sequence[socket.socket], ready: asyncio.Event) -> None:
        while not self._ending:
            process = await self._spawn(sockets)
            self._processes[number] = process
            if process.stdout is not None and await process.stdout.readline():
                ready.set()
            code = await process.wait()
            forget_process(process.pid)
            if not ready.is_set():
                return  # it never worked: the start as a whole has failed
            if not self._ending:
                self._observer.tell(Failed("worker", f"exit code {code}, starting again"))
                await asyncio.sleep(RESTART_SECONDS)

    async def _spawn(self, sockets: Sequence[socket.socket]) -> asyncio.subprocess.Process:
        descriptors = [listening.fileno() for listening in sockets]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gatekey.server.run.worker",
            *map(str, descriptors),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=descriptors,
        )
        if process.stdin is not None:
            # By pipe, not by argument: the settings may hold the master key.
            process.stdin.write(_tell(self._settings, self._limits))
            await process.stdin.drain()
        return process


async def _all_set(events: Sequence[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


def _tell(settings: Settings, limits: Path) -> bytes:
    values = settings.model_dump(mode="json", exclude_unset=True)
    # What is dumped of a secret are asterisks.
    values |= {name: value.get_secret_value() for name, value in settings if isinstance(value, SecretStr)}
    return json.dumps({"settings": values, "limits": str(limits)}).encode() + b"\n"
