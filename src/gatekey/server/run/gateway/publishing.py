"""Keeping what gateways on other machines are given as true as the database."""

import asyncio
import time

from gatekey.errors import ServiceError
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.envoy.snapshots import POLLED, Snapshot, first_snapshot, next_snapshot
from gatekey.server.gateway.policy.model import GatewayView
from gatekey.server.gateway.runner.publishing import Publisher
from gatekey.server.run.gateway.views import GatewayViews, follow


class FleetPublisher:
    """Publishes every change within `WATCH_SECONDS`, also what waits for its turn."""

    def __init__(self, views: GatewayViews, publisher: Publisher, observer: Observer) -> None:
        self._views = views
        self._publisher = publisher
        self._observer = observer
        self._snapshot: Snapshot | None = None

    async def start(self) -> asyncio.Task[None]:
        """Publish what is true now and return the task that goes on with it. Raises `ServiceError`."""
        try:
            await self._publish(await self._views.current())
        except OSError as error:
            raise ServiceError(f"What gateways are given cannot be written: {error}.") from error
        return asyncio.create_task(follow(self._views, self._publish, "published configuration", self._observer))

    async def _publish(self, view: GatewayView) -> None:
        known, now = self._snapshot, time.monotonic()

        def write() -> Snapshot:
            snapshot = first_snapshot(view, POLLED, now) if known is None else next_snapshot(known, view, now)
            self._publisher.write(snapshot.resources)
            return snapshot

        self._snapshot = await asyncio.to_thread(write)
