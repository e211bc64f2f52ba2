"""Creating and listing clusters, keeping their secrets."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from gatekey.oauth.secret_text import SecretText
from gatekey.server.clusters.decide import (
    check_api_upstreams,
    check_cluster,
    check_secret,
    check_upstream_tls,
    check_upstreams,
)
from gatekey.server.clusters.model import ApiUpstreams, Cluster, ClusterSecret, Refused, UpstreamTls
from gatekey.server.clusters.ports import ClusterStore

NO_OTHERS = ApiUpstreams()
NO_TLS = UpstreamTls()


@dataclass(frozen=True, slots=True)
class ClusterAdministration:
    """What people and programs may do with clusters. All methods raise `StorageUnavailable`."""

    store: ClusterStore
    now: Callable[[], datetime]
    make_uuid: Callable[[], str]

    def create(  # noqa: PLR0913 - what a cluster is made of
        self,
        name: str,
        region: str,
        grpc_upstream: str,
        rest_upstream: str,
        *,
        by: str,
        organisation_id: str | None = None,
        apis: ApiUpstreams = NO_OTHERS,
        tls: UpstreamTls = NO_TLS,
    ) -> Cluster | Refused:
        """
        Create a cluster; `grpc_upstream` is host:port, `rest_upstream` and
        `apis` URLs that the gateway can reach.
        """
        cluster = Cluster(
            cluster_id=self.make_uuid(),
            organisation_id=organisation_id or self.store.first_organisation(),
            name=name,
            region=region,
            grpc_upstream=grpc_upstream,
            rest_upstream=rest_upstream,
            created=self.now(),
            apis=apis,
            tls=tls,
        )
        return _check(cluster) or self.store.add(cluster, by=by) or cluster

    def update(self, changed: Cluster, *, by: str) -> Cluster | Refused:
        """Keep the upstreams and their TLS as `changed` has them; its name, region and id stay."""
        return _check(changed) or self.store.update(changed, by=by, at=self.now()) or changed

    def rename(self, cluster: Cluster, name: str, *, by: str) -> Cluster | Refused:
        """Give a cluster another name; its id, and so every address and token, stays."""
        renamed = replace(cluster, name=name)
        refused = check_cluster(name, cluster.region) or self.store.rename(renamed, by=by, at=self.now())
        return refused or renamed

    def delete(self, cluster: Cluster, *, by: str) -> Refused | None:
        """Delete a cluster with its secrets; refused while it has clients."""
        return self.store.delete(cluster.cluster_id, by=by, at=self.now())

    def all(self) -> tuple[Cluster, ...]:
        """Return every cluster, oldest first."""
        return self.store.all()

    def find(self, name_or_id: str) -> Cluster | None:
        """Return the cluster with this id, or with exactly this name where no id is."""
        return self.store.find(name_or_id)

    def set_secret(self, cluster: Cluster, name: str, value: str, *, by: str) -> Refused | None:
        """Keep or replace a secret of the cluster."""
        refused = check_secret(name, value)
        if refused is None:
            self.store.set_secret(cluster.cluster_id, ClusterSecret(name, SecretText(value)), by=by, at=self.now())
        return refused

    def secrets(self, cluster: Cluster) -> tuple[ClusterSecret, ...]:
        """Return the cluster's secrets, by name."""
        return self.store.secrets(cluster.cluster_id)

    def delete_secret(self, cluster: Cluster, name: str, *, by: str) -> bool:
        """Delete a secret; False when there is none."""
        return self.store.delete_secret(cluster.cluster_id, name, by=by, at=self.now())


def _check(cluster: Cluster) -> Refused | None:
    apis = cluster.apis
    upstreams = (cluster.grpc_upstream, cluster.rest_upstream, apis.operate, apis.tasklist, apis.optimize)
    return (
        check_cluster(cluster.name, cluster.region)
        or check_upstreams(cluster.grpc_upstream, cluster.rest_upstream)
        or check_api_upstreams(apis)
        or check_upstream_tls(cluster.tls, upstreams)
    )
