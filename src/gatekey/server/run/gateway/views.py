"""What gateways have to know, as the database says it now."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from gatekey.errors import ServiceError
from gatekey.server.events.model import Failed
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.policy.model import GatewayView, GuardedCluster, UpstreamTls
from gatekey.server.run.gateway.guarded import Guarded
from gatekey.server.run.gateway.view import gateway_view
from gatekey.server.run.installation import Installation
from gatekey.server.storage.directory import Directory
from gatekey.server.storage.sql.changes import Topic
from gatekey.server.storage.stores.guarded_store import SqlGuardedStore

WATCH_SECONDS = 0.25
"""How often a gateway's view is compared with the database; an unchanged one costs microseconds."""


class ViewState(NamedTuple):
    """What a view was made of: the last change of clusters and revocations, and what changes without one."""

    revision: int
    keys: str
    """They retire by the clock."""
    files: tuple[str, ...]
    """Versions of the files that upstreams with TLS need: somebody else renews them."""


class GatewayViews:
    """Reads views, once for all who follow them; use it from one thread only, as its `directory`."""

    def __init__(self, installation: Installation, directory: Directory) -> None:
        self._installation = installation
        self._directory = directory
        domain = installation.site.audience_domain
        self._guarded = Guarded(SqlGuardedStore(installation.database), domain, revocations=True)
        self._files: tuple[str, ...] = ()
        self._reading = asyncio.Lock()
        self._known: tuple[ViewState, GatewayView] | None = None

    async def current(self) -> GatewayView:
        """Return the view, the same object as long as nothing changed. Raises `StorageUnavailable`."""
        async with self._reading:
            state = self._state()
            if self._known is None or self._known[0] != state:
                self._known = (state, await self._read())
            return self._known[1]

    def _state(self) -> ViewState:
        """Return what tells cheaply whether there is another view."""
        revision = self._directory.revision(Topic.CLUSTER, Topic.REVOCATION)
        keys = json.dumps({"keys": [key.public_jwk() for key in self._directory.published_keys()]})
        return ViewState(revision, keys, tuple(map(_version, self._files)))

    async def _read(self) -> GatewayView:
        await asyncio.to_thread(self._guarded.read, time.time())
        view = gateway_view(self._installation, self._guarded.clusters, self._state().keys, self._guarded.revocations)
        self._files = tuple(sorted({file for cluster in view.clusters for file in _files(cluster.tls)}))
        versions = dict(zip(self._files, self._state().files, strict=True))
        return replace(view, clusters=tuple(_versioned(cluster, versions) for cluster in view.clusters))


async def follow(
    views: GatewayViews, use: Callable[[GatewayView], Awaitable[None]], what: str, observer: Observer
) -> None:
    """Give `use` the current view every `WATCH_SECONDS`, changed or not, for ever; `what` names it when that fails."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            await use(await views.current())
        except (ServiceError, OSError) as error:
            observer.tell(Failed(what, str(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, gateways must learn of the next change
            observer.tell(Failed(what, type(error).__name__))


def _files(tls: UpstreamTls) -> list[str]:
    return [file for file in (tls.authorities, *(tls.certificate or ())) if file is not None]


def _versioned(cluster: GuardedCluster, versions: Mapping[str, str]) -> GuardedCluster:
    version = " ".join(versions[file] for file in _files(cluster.tls))
    return replace(cluster, tls=replace(cluster.tls, version=version))


def _version(file: str) -> str:
    """Return what changes when a file is replaced; the same for one that is not there as long as it is not."""
    try:
        status = os.stat(file)  # noqa: PTH116 - four times a second for every file; Path.stat costs three times as much
    except OSError:
        return ""
    return f"{status.st_ino}-{status.st_mtime_ns}"
