"""
What gateways have to know, as the database says it now.
"""

import asyncio
import json
import time
from typing import NamedTuple

from gatekey.server.app.gateway_view import gateway_view
from gatekey.server.app.installation import Installation
from gatekey.server.guarding.model import GatewayView
from gatekey.server.storage.directory import Directory
from gatekey.server.translating import guarded_revocation

WATCH_SECONDS = 0.25
"""How often a gateway's view is compared with the database; an unchanged one costs microseconds."""


class ViewState(NamedTuple):
    """
    What a view was made of: the database's revision, and the keys, which retire by the clock without a change in it.
    """

    revision: int
    keys: str


class GatewayViews:
    """
    Reads views; use it from one thread only, as its `directory`.
    """

    def __init__(self, installation: Installation, directory: Directory) -> None:
        self._installation = installation
        self._directory = directory
        self._deleted: set[str] = set()

    def state(self) -> ViewState:
        """
        Return what tells cheaply whether there is another view. Raises `StorageUnavailable`.
        """
        revision = self._directory.refresh()
        keys = json.dumps({"keys": [key.public_jwk() for key in self._directory.published_keys()]})
        return ViewState(revision, keys)

    async def read(self) -> GatewayView:
        """
        Return the view, at least as new as the last `state`. Raises `StorageUnavailable`.
        """
        installation = self._installation
        clusters = await asyncio.to_thread(installation.clusters.all)
        revocations = await asyncio.to_thread(installation.revocations.all, time.time())
        domain = installation.site.audience_domain
        guarded = dict(guarded_revocation(revocation, self._is_deleted, domain) for revocation in revocations)
        return gateway_view(installation, clusters, self.state().keys, guarded)

    def _is_deleted(self, client_id: str) -> bool:
        # Asked again only about those that live: client ids are never given twice.
        if client_id not in self._deleted and self._directory.find(client_id) is None:
            self._deleted.add(client_id)
        return client_id in self._deleted
