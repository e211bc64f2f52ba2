"""Keeping the gateway's view of clusters, keys and revocations as true as the database."""

import asyncio
from typing import assert_never

from gatekey.server.events.model import GatewayChanged
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.runner import ConfigurationApplied, Died, Gateway, GatewayEvent, LogLine, Restarted, Started
from gatekey.server.run.gateway.views import GatewayViews, follow
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
        await self._gateway.start(await self._views.current())
        return asyncio.create_task(follow(self._views, self._gateway.apply, "gateway configuration", self._observer))

    async def stop(self) -> None:
        """End the gateway."""
        await self._gateway.stop()

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
        case LogLine(level, text):
            return f"says ({level}): {text}"
        case never:
            assert_never(never)
