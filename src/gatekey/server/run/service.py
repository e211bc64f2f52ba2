"""The service as a whole, from its first socket to its clean end."""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import uvloop

from gatekey.server.events.logs import configure_logs
from gatekey.server.events.metrics import count_together, serve_metrics
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.runner.publishing import Publisher
from gatekey.server.limits.shared import SharedLimiter
from gatekey.server.run.chores.levels import levels_of
from gatekey.server.run.chores.recording import prune_history
from gatekey.server.run.chores.repeating import (
    CERTIFICATE_SECONDS,
    CHECKPOINT_SECONDS,
    PRUNE_SECONDS,
    ROTATION_SECONDS,
    repeat,
)
from gatekey.server.run.compose import make_observer, open_directory
from gatekey.server.run.demo import DemoRunner, demo_cluster
from gatekey.server.run.gateway.keeping import GatewayKeeper
from gatekey.server.run.gateway.publishing import FleetPublisher
from gatekey.server.run.gateway.views import GatewayViews
from gatekey.server.run.http.listening import listen
from gatekey.server.run.http.tls import keep_certificate
from gatekey.server.run.installation import Installation
from gatekey.server.run.limits.limiters import check_limit_store, make_limiter
from gatekey.server.run.pool import WorkerPool
from gatekey.server.run.worker import Worker


def serve(installation: Installation, *, with_gateway: bool, on_ready: Callable[[], None]) -> None:
    """
    Serve until SIGINT or SIGTERM; `on_ready` is called when tokens are issued and the gateway takes calls.

    Raises `ServiceError` with one clear sentence when that cannot be reached.
    """
    settings = installation.settings
    configure_logs(settings.log_format, settings.log_level)
    check_limit_store(settings)
    with installation.folder.claimed():
        keep_certificate(installation)
        sockets = listen(settings.http)
        try:
            uvloop.run(_serve(installation, sockets, on_ready, with_gateway=with_gateway))
        finally:
            for listening in sockets:
                listening.close()


async def _serve(
    installation: Installation, sockets: Sequence[socket.socket], on_ready: Callable[[], None], *, with_gateway: bool
) -> None:
    settings = installation.settings
    if settings.metrics and settings.workers > 1:
        count_together(installation.folder.counters_path)
    observer = make_observer(settings)
    ending = asyncio.Event()
    views = GatewayViews(installation, open_directory(installation))
    gateway = GatewayKeeper(views, installation, observer) if with_gateway else None
    if settings.metrics:
        serve_metrics(settings.metrics, gateway.counts if gateway else None, levels_of(installation))
    async with AsyncExitStack() as stack:
        # Before anybody is answered: what an earlier run has published may be old.
        publishing = await FleetPublisher(views, Publisher(installation.folder.published_path), observer).start()
        stack.callback(publishing.cancel)
        await _start_answering(installation, sockets, observer, ending, stack)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ending.set)
        rotating = asyncio.create_task(repeat(installation.rotate_if_due, ROTATION_SECONDS, observer))
        stack.callback(rotating.cancel)
        keeping = asyncio.create_task(repeat(lambda: keep_certificate(installation), CERTIFICATE_SECONDS, observer))
        stack.callback(keeping.cancel)
        saving = asyncio.create_task(repeat(installation.database.checkpoint, CHECKPOINT_SECONDS, observer))
        stack.callback(saving.cancel)
        pruning = asyncio.create_task(repeat(lambda: prune_history(installation), PRUNE_SECONDS, observer))
        stack.callback(pruning.cancel)
        if gateway is not None:
            stack.push_async_callback(gateway.stop)
            watching = await gateway.start()
            stack.callback(watching.cancel)
        demo = demo_cluster(installation) if with_gateway else None
        if demo is not None:
            running = asyncio.create_task(DemoRunner(demo, observer).run())
            stack.callback(running.cancel)
        if not ending.is_set():
            # Only now: a start that failed must not change what commands tell clients.
            installation.folder.remember_site(installation.site)
            on_ready()
        await ending.wait()


async def _start_answering(
    installation: Installation,
    sockets: Sequence[socket.socket],
    observer: Observer,
    ending: asyncio.Event,
    stack: AsyncExitStack,
) -> None:
    """Answer requests in this process, or in as many others as the settings say."""
    settings, limits = installation.settings, installation.folder.limits_path
    SharedLimiter.create(limits)
    if settings.workers > 1:
        pool = WorkerPool(settings, limits, observer)
        stack.push_async_callback(pool.stop)
        await pool.start(sockets)
        return
    worker = Worker(installation, make_limiter(settings, installation.master, observer, limits), observer)
    worker.directory.refresh()
    running = asyncio.create_task(worker.run(sockets))
    running.add_done_callback(lambda _: ending.set())

    async def end() -> None:
        worker.server.end()
        await running

    stack.push_async_callback(end)
