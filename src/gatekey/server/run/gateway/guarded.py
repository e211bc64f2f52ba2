"""What gateways guard, kept in memory and brought up to date by what changed."""

import heapq
from collections.abc import Mapping
from datetime import datetime

from gatekey.server.clusters.model import Cluster
from gatekey.server.gateway.policy.model import GuardedCluster
from gatekey.server.gateway.policy.revocations import Subject
from gatekey.server.run.gateway.translating import guarded_cluster, guarded_revocation
from gatekey.server.storage.stores.guarded_store import GuardedRevocation, SqlGuardedStore


class Guarded:
    """
    Clusters and revocations in the words of the gateway; `domain` is that of the audiences.

    One call of `read` at a time. Who looks tokens up anyway, and so refuses revoked ones, needs no `revocations`.
    """

    def __init__(self, store: SqlGuardedStore, domain: str, *, revocations: bool) -> None:
        self._store = store
        self._domain = domain
        self._with_revocations = revocations
        self._number = -1
        self._clusters: dict[str, tuple[datetime, GuardedCluster]] = {}
        self._revocations: dict[Subject, int] = {}
        self._names: dict[str, Subject] = {}
        self._ends: list[tuple[float, str]] = []
        """When each revocation stops to matter, the first on top; one that was widened stands here twice."""
        self._until: dict[str, float] = {}
        self.clusters: tuple[GuardedCluster, ...] = ()
        self.revocations: Mapping[Subject, int] = {}

    def read(self, now: float) -> None:
        """Bring both up to date; `now` is in seconds since 1970. Raises `StorageUnavailable`."""
        changes = self._store.changes(self._number, revocations=self._with_revocations)
        if changes.whole:
            self._clusters, self._revocations = {}, {}
            self._names, self._until, self._ends = {}, {}, []
        for cluster_id, cluster in changes.clusters.items():
            self._take_cluster(cluster_id, cluster)
        for name, kept in changes.revocations.items():
            self._take_revocation(name, kept)
        ended = self._drop_ended(now)
        self._number = changes.number
        if changes.whole or changes.clusters:
            oldest_first = sorted(self._clusters.values(), key=lambda each: (each[0], each[1].cluster_id))
            self.clusters = tuple(cluster for _, cluster in oldest_first)
        if changes.whole or changes.revocations or ended:
            self.revocations = dict(self._revocations)

    def _take_cluster(self, cluster_id: str, cluster: Cluster | None) -> None:
        if cluster is None:
            self._clusters.pop(cluster_id, None)
        else:
            self._clusters[cluster_id] = (cluster.created, guarded_cluster(cluster))

    def _take_revocation(self, name: str, kept: GuardedRevocation | None) -> None:
        if kept is None:
            self._forget(name)
            return
        subject, before = guarded_revocation(kept.revocation, self._domain, for_ever=kept.for_ever)
        self._revocations[subject], self._names[name] = before, subject
        self._until[name] = kept.revocation.until
        heapq.heappush(self._ends, (kept.revocation.until, name))

    def _drop_ended(self, now: float) -> bool:
        before = len(self._names)
        while self._ends and self._ends[0][0] <= now:
            until, name = heapq.heappop(self._ends)
            if self._until.get(name) == until:
                self._forget(name)
        return len(self._names) < before

    def _forget(self, name: str) -> None:
        subject = self._names.pop(name, None)
        self._until.pop(name, None)
        if subject is not None:
            self._revocations.pop(subject, None)
