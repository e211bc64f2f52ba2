"""
One process that answers requests: alone, or one of several that share the listening sockets.

Run as a program (`python -m gatekey.server.run.worker FD…`) it reads its settings from standard input and ends when
that closes, so it never outlives the process that started it.
"""

import asyncio
import gc
import json
import signal
import socket
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import uvloop

from gatekey.server.events.logs import configure_logs
from gatekey.server.events.observers import Observers
from gatekey.server.events.ports import Observer
from gatekey.server.limits.ports import Limiter
from gatekey.server.run.chores.recording import Recording
from gatekey.server.run.chores.repeating import FLUSH_SECONDS, attempt, repeat
from gatekey.server.run.compose import compose, make_limits, make_observer, open_directory
from gatekey.server.run.http.fast_path import TokenProtocol
from gatekey.server.run.http.proxied import ProxiedServer
from gatekey.server.run.http.server import HttpServer, http_server
from gatekey.server.run.http.tick import Tick
from gatekey.server.run.http.tls import Certificates
from gatekey.server.run.installation import Installation, open_installation
from gatekey.server.run.limits.following import LOOK_SECONDS, LimitFollowing
from gatekey.server.run.limits.limiters import make_limiter
from gatekey.server.settings import Settings
from gatekey.server.storage.stores.limit_store import SqlLimitStore


class Worker:
    """An HTTP server over an installation, and the notes it writes."""

    def __init__(self, installation: Installation, limiter: Limiter, observer: Observer) -> None:
        self._recording = Recording(installation)
        self.observer = Observers((observer, self._recording))
        self.directory = open_directory(installation)
        self._certificates = Certificates(installation.tls, self.observer) if installation.tls else None
        self.limits = make_limits(installation.settings, limiter)
        self._following = LimitFollowing(
            SqlLimitStore(installation.database), self.limits.forget, self.limits.follow, time.time
        )
        self.server: HttpServer = http_server(
            compose(installation, self.directory, self.observer, self.limits),
            partial(TokenProtocol, tick=Tick(self.directory)),
            self._certificates.context if self._certificates else None,
            ProxiedServer if installation.settings.proxy_protocol else HttpServer,
        )

    async def run(self, sockets: Sequence[socket.socket]) -> None:
        """Serve until `server.end()`; what was noted is on disk afterwards."""
        await attempt(self._following.look, self.observer)
        chores = [
            asyncio.create_task(repeat(self._recording.flush, FLUSH_SECONDS, self.observer)),
            asyncio.create_task(repeat(self._following.look, LOOK_SECONDS, self.observer)),
        ]
        if self._certificates is not None:
            chores.append(asyncio.create_task(self._certificates.watch()))
        try:
            await self.server.serve(list(sockets))
        finally:
            for chore in chores:
                chore.cancel()
            await attempt(self._recording.flush, self.observer)


def main(descriptors: Sequence[int]) -> None:
    """Serve on inherited sockets, as one of several workers."""
    gc.freeze()  # what was imported stays: looking for garbage among it would keep requests waiting
    told = json.loads(sys.stdin.readline())
    settings = Settings.model_validate(told["settings"])
    configure_logs(settings.log_format, settings.log_level)
    installation = open_installation(settings)
    sockets = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    try:
        observer = make_observer(settings)
        limiter = make_limiter(settings, installation.master, observer, Path(told["limits"]))
        uvloop.run(_serve(Worker(installation, limiter, observer), sockets))
    finally:
        installation.close()


async def _serve(worker: Worker, sockets: Sequence[socket.socket]) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, worker.server.end)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # Ctrl-C reaches the whole group; the parent ends us
    loop.add_reader(sys.stdin.fileno(), worker.server.end)
    worker.directory.refresh()
    print("ready", flush=True)  # noqa: T201 - the word that the parent waits for
    await worker.run(sockets)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
