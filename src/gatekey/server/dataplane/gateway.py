"""
The guarded gateway: an Envoy that is kept running and told of every change.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatekey.server.dataplane.delivery import confirm, deliver
from gatekey.server.dataplane.envoy import Envoy, find_envoy
from gatekey.server.dataplane.files import RunFolder
from gatekey.server.dataplane.keeping import Keeper
from gatekey.server.dataplane.listening import free_addresses
from gatekey.server.dataplane.model import ConfigurationApplied, GatewayEvent
from gatekey.server.guarding.compile import compile_view
from gatekey.server.guarding.compile.bootstrap import compile_bootstrap
from gatekey.server.guarding.model import GatewayView

GRACE = 2.0
"""Seconds that running calls get when the gateway is stopped; a person waits for Ctrl-C."""


@dataclass(slots=True)
class _Running:
    folder: RunFolder
    keeper: Keeper
    applied: GatewayView


class Gateway:
    """
    One Envoy with its files in `folder` and `concurrency` worker threads; `observe` hears what happens to it.

    Call `start` once, then `apply` as often as clusters or keys change, then `stop`.
    """

    def __init__(self, folder: Path, observe: Callable[[GatewayEvent], None], concurrency: int) -> None:
        self._path = folder
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
        resources = compile_view(view)
        folder.write_bootstrap(compile_bootstrap(addresses, folder.sources))
        folder.write(resources)

        async def run() -> Envoy:
            return await Envoy.run(binary, folder, self._concurrency, self._observe)

        keeper = Keeper(run, self._observe)
        try:
            await keeper.start()
            await confirm(keeper.current, resources)
        except BaseException:
            await keeper.stop(grace=0)
            folder.leave()
            raise
        self._running = _Running(folder, keeper, view)

    async def apply(self, view: GatewayView) -> None:
        """
        Return when Envoy has taken the changes in `view`; open streams of clusters that stay are not touched.

        Raises ConfigurationRejected when Envoy refuses it and goes on with the one before. The address to listen on
        cannot change (ValueError).
        """
        async with self._changing:
            running = self._running
            if running is None:
                raise RuntimeError("the gateway is not running")
            if view == running.applied:
                return
            if view.listen != running.applied.listen:
                raise ValueError(f"the gateway listens on {running.applied.listen} until it is started anew")
            await deliver(running.keeper.current, running.folder, compile_view(running.applied), compile_view(view))
            running.applied = view
        self._observe(ConfigurationApplied())

    async def stop(self) -> None:
        """
        Let calls finish for a moment, end Envoy, leave no process and no file outside the folder.
        """
        async with self._changing:
            running, self._running = self._running, None
            if running is not None:
                await running.keeper.stop(GRACE)
                running.folder.leave()
