"""What the clusters context needs from the world."""

from datetime import datetime
from typing import Protocol

from gatekey.server.clusters.model import Cluster, ClusterSecret, Refused


class ClusterStore(Protocol):
    """Keeps clusters and their secrets. Methods raise `StorageUnavailable`."""

    def first_organisation(self) -> str:
        """Return the id of the installation's oldest organisation."""
        ...

    def add(self, cluster: Cluster, *, by: str) -> Refused | None:
        """Keep a new cluster; refused when the name is taken."""
        ...

    def update(self, cluster: Cluster, *, by: str, at: datetime) -> Refused | None:
        """Keep a cluster's upstreams and their TLS as they are now; refused when there is no such cluster."""
        ...

    def rename(self, cluster: Cluster, *, by: str, at: datetime) -> Refused | None:
        """Keep a cluster's name as it is now; refused when it is taken, or when there is no such cluster."""
        ...

    def delete(self, cluster_id: str, *, by: str, at: datetime) -> Refused | None:
        """Delete a cluster with its secrets; refused while it has clients, and when there is no such cluster."""
        ...

    def find(self, name_or_id: str) -> Cluster | None:
        """Return the cluster with this id, or with exactly this name where no id is."""
        ...

    def all(self) -> tuple[Cluster, ...]:
        """Return every cluster, oldest first."""
        ...

    def set_secret(self, cluster_id: str, secret: ClusterSecret, *, by: str, at: datetime) -> None:
        """Keep or replace a cluster secret, encrypted."""
        ...

    def secrets(self, cluster_id: str) -> tuple[ClusterSecret, ...]:
        """Return the cluster's secrets in clear, by name."""
        ...

    def delete_secret(self, cluster_id: str, name: str, *, by: str, at: datetime) -> bool:
        """Delete a cluster secret; False when there is none."""
        ...
