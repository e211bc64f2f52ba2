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
from gatekey.server.run.installation import Installation
from gatekey.server.run.translating import guarded_revocation
from gatekey.server.storage.directory import Directory

WATCH_SECONDS = 0.25
"""How often a gateway's view is compared with the database; an unchanged one costs microseconds."""


class ViewState(NamedTuple):
    """What a view was made of: the database's revision, and what changes without a change in it."""

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
        self._deleted: set[str] = set()
        self._files: tuple[str, ...] = ()

    def state(self) -> ViewState:
        """Return what tells cheaply whether there is another view. Raises `StorageUnavailable`."""
        revision = self._directory.refresh()
        keys = json.dumps({"keys": [key.public_jwk() for key in self._directory.published_keys()]})
        return ViewState(revision, keys, tuple(map(_version, self._files)))

    async def read(self) -> GatewayView:
        """Return the view, at least as new as the last `state`. Raises `StorageUnavailable`."""
        installation = self._installation
        clusters = await asyncio.to_thread(installation.clusters.all)
        revocations = await asyncio.to_thread(installation.revocations.all, time.time())
        domain = installation.site.audience_domain
        guarded = dict(guarded_revocation(revocation, self._is_deleted, domain) for revocation in revocations)
        view = gateway_view(installation, clusters, self.state().keys, guarded)
        self._files = tuple(sorted({file for cluster in view.clusters for file in _files(cluster.tls)}))
        versions = dict(zip(self._files, self.state().files, strict=True))
        return replace(view, clusters=tuple(_versioned(cluster, versions) for cluster in view.clusters))

    def _is_deleted(self, client_id: str) -> bool:
        # Asked again only about those that live: client ids are never given twice.
        if client_id not in self._deleted and self._directory.find(client_id) is None:
            self._deleted.add(client_id)
        return client_id in self._deleted


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
