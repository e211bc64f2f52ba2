"""Keeping the gateway's view of clusters, keys and revocations as true as the database."""

import asyncio
from typing import assert_never

from gatekey.errors import ServiceError
from gatekey.server.events.model import Failed, GatewayChanged
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.policy.model import GatewayView
from gatekey.server.gateway.runner import ConfigurationApplied, Died, Gateway, GatewayEvent, Noted, Restarted, Started
from gatekey.server.run.gateway_views import WATCH_SECONDS, GatewayViews, ViewState
from gatekey.server.run.installation import Installation


class GatewayKeeper:
    """A gateway that learns of every change within `WATCH_SECONDS`."""

    def __init__(self, views: GatewayViews, installation: Installation, observer: Observer) -> None:
        settings = installation.settings
        self._views = views
        self._observer = observer
        self._gateway = Gateway(
            installation.folder.gateway_path, self._tell, settings.gateway_threads, settings.gateway_grace
        )

    def counts(self, pattern: str) -> dict[str, int]:
        """Return those of Envoy's statistics that match `pattern`; may be called from any thread. Raises OSError."""
        return self._gateway.counts(pattern)

    async def start(self) -> asyncio.Task[None]:
        """
        Start the gateway and return the task that keeps its view. Raises `ServiceError` when it does not become
        ready.
        """
        state = self._views.state()
        view = await self._views.read()
        await self._gateway.start(view)
        return asyncio.create_task(self._watch(state, view))

    async def stop(self) -> None:
        """End the gateway."""
        await self._gateway.stop()

    async def _watch(self, known: ViewState, applied: GatewayView) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                current = self._views.state()
                if current == known:
                    continue
                view = await self._views.read()
                if view != applied:
                    await self._gateway.apply(view)
                    applied = view
                known = current
            except ServiceError as error:
                self._observer.tell(Failed("gateway configuration", str(error)))
            except Exception as error:  # noqa: BLE001 - whatever it is, the gateway must learn of the next change
                self._observer.tell(Failed("gateway configuration", type(error).__name__))

    def _tell(self, event: GatewayEvent) -> None:
        self._observer.tell(GatewayChanged(_in_words(event)))


def _in_words(event: GatewayEvent) -> str:
    match event:
        case Started(process_id):
            return f"started (process {process_id})"
        case Died(code):
            return f"died (exit code {code}), starting again"
        case Restarted(process_id):
            return f"started again (process {process_id})"
        case ConfigurationApplied():
            return "took a new configuration"
        case Noted(level, text):
            return f"says ({level}): {text}"
        case never:
            assert_never(never)
