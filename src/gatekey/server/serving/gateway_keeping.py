"""
Keeping the gateway's view of clusters, keys and revocations as true as the database.
"""

import asyncio
import json
import time
from typing import assert_never

from gatekey.errors import ServiceError
from gatekey.server.app.gateway_view import gateway_view
from gatekey.server.app.installation import Installation
from gatekey.server.auditing.model import Failed, GatewayChanged
from gatekey.server.auditing.ports import Observer
from gatekey.server.dataplane import ConfigurationApplied, Died, Gateway, GatewayEvent, Noted, Restarted, Started
from gatekey.server.guarding.model import GatewayView
from gatekey.server.storage.directory import Directory
from gatekey.server.translating import guarded_revocation

WATCH_SECONDS = 0.25
"""How often the gateway's view is compared with the database; an unchanged one costs microseconds."""


class KeptGateway:
    """
    A gateway that learns of every change within `WATCH_SECONDS`.
    """

    def __init__(self, installation: Installation, directory: Directory, observer: Observer) -> None:
        self._installation = installation
        self._directory = directory
        self._observer = observer
        self._deleted: set[str] = set()
        self._gateway = Gateway(installation.folder.gateway_path, self._tell, installation.settings.gateway_threads)

    async def start(self) -> asyncio.Task[None]:
        """
        Start the gateway and return the task that keeps its view. Raises `ServiceError` when it does not become ready.
        """
        revision, view = self._directory.refresh(), await self._view()
        await self._gateway.start(view)
        return asyncio.create_task(self._watch(revision, view))

    async def stop(self) -> None:
        """
        End the gateway.
        """
        await self._gateway.stop()

    async def _view(self) -> GatewayView:
        installation = self._installation
        clusters = await asyncio.to_thread(installation.clusters.all)
        revocations = await asyncio.to_thread(installation.revocations.all, time.time())
        domain = installation.site.audience_domain
        guarded = dict(guarded_revocation(revocation, self._is_deleted, domain) for revocation in revocations)
        return gateway_view(installation, clusters, self._keys(), guarded)

    def _is_deleted(self, client_id: str) -> bool:
        # Asked again only about those that live: client ids are never given twice.
        if client_id not in self._deleted and self._directory.find(client_id) is None:
            self._deleted.add(client_id)
        return client_id in self._deleted

    def _keys(self) -> str:
        return json.dumps({"keys": [key.public_jwk() for key in self._directory.published_keys()]})

    async def _watch(self, revision: int, applied: GatewayView) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                current = self._directory.refresh()
                # Keys retire by the clock, with no change in the database.
                if current == revision and self._keys() == applied.keys:
                    continue
                view = await self._view()
                if view != applied:
                    await self._gateway.apply(view)
                    applied = view
                revision = current
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
