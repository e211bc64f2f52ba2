"""What gateways have to know, as the database says it now."""

import asyncio
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from gatekey.server.gateway.policy.model import GatewayView, GuardedCluster, UpstreamTls
from gatekey.server.run.gateway_view import gateway_view
from gatekey.server.run.guarded import Guarded
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
    """Reads views; use it from one thread only, as its `directory`."""

    def __init__(self, installation: Installation, directory: Directory) -> None:
        self._installation = installation
        self._directory = directory
        domain = installation.site.audience_domain
        self._guarded = Guarded(SqlGuardedStore(installation.database), domain, revocations=True)
        self._reading = asyncio.Lock()
        self._files: tuple[str, ...] = ()

    def state(self) -> ViewState:
        """Return what tells cheaply whether there is another view. Raises `StorageUnavailable`."""
        revision = self._directory.revision(Topic.CLUSTER, Topic.REVOCATION)
        keys = json.dumps({"keys": [key.public_jwk() for key in self._directory.published_keys()]})
        return ViewState(revision, keys, tuple(map(_version, self._files)))

    async def read(self) -> GatewayView:
        """Return the view, at least as new as the last `state`. Raises `StorageUnavailable`."""
        async with self._reading:  # the local gateway and the one that publishes for others share it
            await asyncio.to_thread(self._guarded.read, time.time())
            clusters, revocations = self._guarded.clusters, self._guarded.revocations
        view = gateway_view(self._installation, clusters, self.state().keys, revocations)
        self._files = tuple(sorted({file for cluster in view.clusters for file in _files(cluster.tls)}))
        versions = dict(zip(self._files, self.state().files, strict=True))
        return replace(view, clusters=tuple(_versioned(cluster, versions) for cluster in view.clusters))


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
