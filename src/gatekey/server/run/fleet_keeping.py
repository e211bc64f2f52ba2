"""Keeping what gateways on other machines are given as true as the database."""

import asyncio
import time

from gatekey.errors import ServiceError
from gatekey.server.events.model import Failed
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.envoy.snapshots import Snapshot, first_edition, next_edition
from gatekey.server.gateway.policy.model import GatewayView
from gatekey.server.gateway.runner.publishing import Publisher
from gatekey.server.run.gateway_views import WATCH_SECONDS, GatewayViews, ViewState


class FleetPublisher:
    """Publishes every change within `WATCH_SECONDS`, whoever asks for it."""

    def __init__(self, views: GatewayViews, publisher: Publisher, observer: Observer) -> None:
        self._views = views
        self._publisher = publisher
        self._observer = observer

    async def start(self) -> asyncio.Task[None]:
        """Publish what is true now and return the task that goes on with it. Raises `ServiceError`."""
        state = self._views.state()
        view = await self._views.read()
        try:
            edition = await asyncio.to_thread(self._first, view)
        except OSError as error:
            raise ServiceError(f"What gateways are given cannot be written: {error}.") from error
        return asyncio.create_task(self._watch(state, view, edition))

    def _first(self, view: GatewayView) -> Snapshot:
        edition = first_edition(view, time.monotonic())
        self._publisher.write(edition.resources)
        return edition

    def _next(self, edition: Snapshot, view: GatewayView) -> Snapshot:
        edition = next_edition(edition, view, time.monotonic())
        self._publisher.write(edition.resources)
        return edition

    async def _watch(self, known: ViewState, view: GatewayView, edition: Snapshot) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                current = self._views.state()
                if current != known:
                    view = await self._views.read()
                    known = current
                # Also without a change: parts that waited for their turn.
                edition = await asyncio.to_thread(self._next, edition, view)
            except (ServiceError, OSError) as error:
                self._observer.tell(Failed("published configuration", str(error)))
            except Exception as error:  # noqa: BLE001 - whatever it is, gateways must learn of the next change
                self._observer.tell(Failed("published configuration", type(error).__name__))
