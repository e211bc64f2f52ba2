"""
The demo cluster that `gatekey serve` runs beside itself, so that a newcomer has something that answers.

It is a child process: the service neither imports it nor waits for it. Which addresses it has stands in the cluster
named `demo`; without that cluster there is none.
"""

import asyncio
import os
import sys
from importlib.util import find_spec

from gatekey.server.clusters.model import Cluster
from gatekey.server.events.model import Failed
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.runner import die_with_parent
from gatekey.server.run.installation import Installation
from gatekey.server.settings import Settings

NAME = "demo"

PACKAGES = ("defusedxml", "graphql", "grpc", "multipart", "pyzeebe", "starlette", "uvicorn")
"""What the extra `demo` installs."""

LONGEST_PAUSE = 30.0
"""Seconds between two tries; the first come after one, two, four …"""

STEADY_SECONDS = 60.0
"""Who ran that long is not failing at its start."""


def is_installed() -> bool:
    """Say whether the extra `demo` is installed."""
    return all(find_spec(package) for package in PACKAGES)


def add_demo_cluster(installation: Installation, settings: Settings) -> None:
    """Create the cluster `demo` in a new installation, where it is wanted and can be run."""
    if settings.demo == "on" and settings.cluster != NAME and is_installed():
        rest = f"http://{settings.demo_rest}"
        installation.clusters.create(NAME, settings.region, settings.demo_grpc, rest, by="gatekey")


def demo_cluster(installation: Installation) -> Cluster | None:
    """Return the cluster whose upstream this service runs, None where there is none."""
    found = installation.clusters.find(NAME)
    return found if found is not None and is_demo(installation.settings, found) else None


def is_demo(settings: Settings, cluster: Cluster) -> bool:
    """Say whether this service runs a cluster's upstream itself."""
    mine = cluster.name == NAME and cluster.grpc_upstream.startswith(("127.", "localhost:"))
    return mine and settings.demo == "on" and is_installed()


class DemoRunner:
    """Runs the demo cluster, and starts it again when it ends."""

    def __init__(self, cluster: Cluster, observer: Observer) -> None:
        self._addresses = cluster.grpc_upstream, cluster.rest_upstream.removeprefix("http://")
        self._observer = observer

    async def run(self) -> None:
        """Keep it running until this task is cancelled; then it is ended, too."""
        pause, loop = 1.0, asyncio.get_running_loop()
        while True:
            began = loop.time()
            process = await self._start()
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                process.terminate()
                raise
            self._observer.tell(Failed("demo cluster", f"it ended (exit code {code}) and is started again"))
            pause = 1.0 if loop.time() - began > STEADY_SECONDS else min(2 * pause, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _start(self) -> asyncio.subprocess.Process:
        program = [sys.executable, "-m", "gatekey.demo", *self._addresses]
        tied = (sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()))
        return await asyncio.create_subprocess_exec(*tied, *program, stdin=asyncio.subprocess.DEVNULL)
