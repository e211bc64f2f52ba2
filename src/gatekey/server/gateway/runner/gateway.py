"""The guarded gateway: an Envoy that is kept running and told of every change."""

import asyncio
import http.client
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gatekey.server.gateway.envoy.bootstrap import compile_bootstrap
from gatekey.server.gateway.envoy.listener import Front, compile_certificate
from gatekey.server.gateway.envoy.snapshots import ACKNOWLEDGED, Snapshot, first_snapshot, next_snapshot
from gatekey.server.gateway.policy.model import GatewayView
from gatekey.server.gateway.runner.addresses import free_addresses
from gatekey.server.gateway.runner.delivery import confirm, deliver
from gatekey.server.gateway.runner.envoy import Envoy, find_envoy
from gatekey.server.gateway.runner.files import RunFolder
from gatekey.server.gateway.runner.model import ConfigurationApplied, ConfigurationRejected, GatewayEvent
from gatekey.server.gateway.runner.supervisor import Supervisor

GRACE = 2.0
"""Seconds that running calls get when the gateway is stopped; a person waits for Ctrl-C."""

NO_TIME = 0.0
"""Envoy acknowledges each part, so nothing of a delivery waits for the clock."""


@dataclass(slots=True)
class _Running:
    folder: RunFolder
    supervisor: Supervisor
    snapshot: Snapshot

    @property
    def view(self) -> GatewayView:
        """What Envoy has taken."""
        return self.snapshot.view

    async def bring(self, view: GatewayView) -> None:
        """Bring Envoy to `view`. Raises ConfigurationRejected; the files then say again what it goes on with."""
        snapshot = self.snapshot
        try:
            while (following := next_snapshot(snapshot, view, NO_TIME)) is not snapshot:
                await deliver(self.supervisor.current, self.folder, snapshot.resources, following.resources)
                snapshot = following
        except ConfigurationRejected:
            self.folder.write(self.snapshot.resources)
            raise
        self.snapshot = snapshot


class Gateway:
    """
    One Envoy with its files in `folder` and `concurrency` worker threads; `observe` hears what happens to it. Calls get
    `grace` seconds to finish when it is stopped.

    Call `start` once, then `apply` as often as clusters or keys change, then `stop`.
    """

    def __init__(
        self, folder: Path, observe: Callable[[GatewayEvent], None], concurrency: int, grace: float = GRACE
    ) -> None:
        self._path = folder
        self._grace = grace
        self._observe = observe
        self._concurrency = concurrency
        self._changing = asyncio.Lock()
        self._running: _Running | None = None

    async def start(self, view: GatewayView) -> None:
        """
        Return when calls are taken.

        Raises EnvoyMissing, AddressTaken or GatewayFailed, each with a sentence for the operator.
        """
        binary = find_envoy()
        addresses = await asyncio.to_thread(free_addresses, view.listen)
        folder = RunFolder(self._path)
        snapshot = first_snapshot(view, ACKNOWLEDGED, NO_TIME)
        if view.certificate:
            chain, key = view.certificate
            # A link to a new folder with both files replaces them at once; it stands in the folder above theirs.
            folder.write_certificate(compile_certificate(chain, key, str(Path(chain).parent.parent)))
        front = Front(
            addresses, view.stream_life, view.certificate is not None, view.access_log, view.origins, view.hosts
        )
        folder.write_bootstrap(compile_bootstrap(front, folder.sources, str(folder.socket)))
        folder.write(snapshot.resources)

        async def run() -> Envoy:
            return await Envoy.run(binary, folder, self._concurrency, self._grace, self._observe)

        supervisor = Supervisor(run, self._observe)
        try:
            await supervisor.start()
            await confirm(supervisor.current, snapshot.resources)
        except BaseException:
            await supervisor.stop(grace=0)
            folder.leave()
            raise
        self._running = _Running(folder, supervisor, snapshot)

    async def apply(self, view: GatewayView) -> None:
        """
        Return when Envoy has taken the changes in `view`; open streams of clusters that stay are not touched.

        Raises ConfigurationRejected when Envoy refuses it and goes on with the one before; revocations hold all the
        same. What the bootstrap says (`_fixed`) cannot change (ValueError).
        """
        async with self._changing:
            running = self._running
            if running is None:
                raise RuntimeError("the gateway is not running")
            if view is running.view:
                return
            is_change = view != running.view
            if _fixed(view) != _fixed(running.view):
                raise ValueError("where the gateway listens, and how long calls last, changes when it is started anew")
            # Revocations go first and alone: nothing else that Envoy may refuse is to hold them up.
            if view.revocations != running.view.revocations:
                await running.bring(replace(running.view, revocations=view.revocations))
            await running.bring(view)
        if is_change:
            self._observe(ConfigurationApplied())

    def counts(self, pattern: str) -> dict[str, int]:
        """Return those of Envoy's statistics that match `pattern`; may be called from any thread. Raises OSError."""
        running = self._running
        if running is None:
            raise ConnectionRefusedError("the gateway is not running")
        try:
            return running.supervisor.current.administration.counts(pattern)
        except http.client.HTTPException as error:
            raise ConnectionAbortedError(str(error)) from error

    async def stop(self) -> None:
        """Let calls finish for a moment, end Envoy, leave no process and no file outside the folder."""
        async with self._changing:
            running, self._running = self._running, None
            if running is not None:
                await running.supervisor.stop(self._grace)
                running.folder.leave()


def _fixed(view: GatewayView) -> tuple[object, ...]:
    return view.listen, view.stream_life, view.certificate, view.access_log, view.origins, view.hosts
