"""Clusters and their secrets in SQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatekey.oauth.secret_text import SecretText
from gatekey.server.clusters.model import ApiUpstreams, Cluster, ClusterSecret, Refused, UpstreamTls
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.changes import Topic, note_changes
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.sql.times import to_seconds, to_time
from gatekey.server.storage.stores.audit_log import record
from gatekey.server.vault.sealing import Seal


@dataclass(frozen=True, slots=True)
class SqlClusterStore:
    """The `ClusterStore` port over the database; `seal` encrypts cluster secrets."""

    database: Database
    seal: Seal

    def first_organisation(self) -> str:
        """Return the id of the installation's oldest organisation."""
        oldest = select(tables.organisation.c.organisation_id).order_by(tables.organisation.c.created).limit(1)
        with self.database.reading() as connection:
            return str(connection.execute(oldest).scalar_one())

    def add(self, cluster: Cluster, *, by: str) -> Refused | None:
        """Keep a new cluster; refused when the name is taken."""
        with self.database.writing() as connection:
            taken = _name_taken(connection, cluster)
            if taken is not None:
                return taken
            connection.execute(
                insert(tables.cluster).values(
                    cluster_id=cluster.cluster_id,
                    organisation_id=cluster.organisation_id,
                    name=cluster.name,
                    region=cluster.region,
                    created=to_seconds(cluster.created),
                    **_upstreams(cluster),
                )
            )
            record(connection, cluster.created, by, "created", "cluster", cluster.cluster_id, name=cluster.name)
            note_changes(connection, Topic.CLUSTER, cluster.cluster_id)
            return None

    def update(self, cluster: Cluster, *, by: str, at: datetime) -> Refused | None:
        """Keep a cluster's upstreams and their TLS as they are now; refused when there is no such cluster."""
        of_this = (tables.cluster.c.cluster_id == cluster.cluster_id) & _LIVE
        with self.database.writing() as connection:
            if not connection.execute(update(tables.cluster).where(of_this).values(**_upstreams(cluster))).rowcount:
                return Refused(f"There is no cluster {cluster.name!r} any more.", "cluster gone")
            record(connection, at, by, "updated", "cluster", cluster.cluster_id, name=cluster.name)
            note_changes(connection, Topic.CLUSTER, cluster.cluster_id)
            return None

    def rename(self, cluster: Cluster, *, by: str, at: datetime) -> Refused | None:
        """Keep a cluster's name as it is now; refused when it is taken, or when there is no such cluster."""
        of_this = (tables.cluster.c.cluster_id == cluster.cluster_id) & _LIVE
        with self.database.writing() as connection:
            before = connection.execute(select(tables.cluster.c.name).where(of_this)).scalar()
            if before is None:
                return Refused(f"There is no cluster {cluster.name!r} any more.", "cluster gone")
            taken = _name_taken(connection, cluster)
            if taken is None:
                connection.execute(update(tables.cluster).where(of_this).values(name=cluster.name))
                record(connection, at, by, "renamed", "cluster", cluster.cluster_id, name=cluster.name, before=before)
                note_changes(connection, Topic.CLUSTER, cluster.cluster_id)
            return taken

    def delete(self, cluster_id: str, *, by: str, at: datetime) -> Refused | None:
        """Delete a cluster with its secrets; refused while it has clients, and when there is no such cluster."""
        of_this = (tables.cluster.c.cluster_id == cluster_id) & _LIVE
        client = tables.client
        living = select(func.count()).where(client.c.cluster_id == cluster_id, client.c.deleted.is_(None))
        with self.database.writing() as connection:
            clients = connection.execute(living).scalar_one()
            if clients:
                what = "a client" if clients == 1 else f"{clients:,} clients"
                return Refused(f"The cluster still has {what}: delete them first.", "cluster has clients")
            if not connection.execute(update(tables.cluster).where(of_this).values(deleted=to_seconds(at))).rowcount:
                return Refused("There is no such cluster any more.", "cluster gone")
            connection.execute(delete(tables.cluster_secret).where(tables.cluster_secret.c.cluster_id == cluster_id))
            record(connection, at, by, "deleted", "cluster", cluster_id)
            note_changes(connection, Topic.CLUSTER, cluster_id)
            return None

    def find(self, name_or_id: str) -> Cluster | None:
        """Return the cluster with this id, or with exactly this name where no id is."""
        table = tables.cluster
        named = or_(table.c.cluster_id == name_or_id, table.c.name == name_or_id)
        query = select(table).where(named, _LIVE).order_by(table.c.cluster_id != name_or_id, table.c.created)
        with self.database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else cluster_of(row)

    def all(self) -> tuple[Cluster, ...]:
        """Return every cluster, oldest first."""
        query = select(tables.cluster).where(_LIVE).order_by(tables.cluster.c.created, tables.cluster.c.cluster_id)
        with self.database.reading() as connection:
            return tuple(cluster_of(row) for row in connection.execute(query))

    def set_secret(self, cluster_id: str, secret: ClusterSecret, *, by: str, at: datetime) -> None:
        """Keep or replace a cluster secret, encrypted."""
        values = {
            "sealed": self.seal.close(secret.value.reveal().encode(), _place(cluster_id, secret.name)),
            "changed": to_seconds(at),
        }
        with self.database.writing() as connection:
            connection.execute(
                upsert(tables.cluster_secret)
                .values(cluster_id=cluster_id, name=secret.name, **values)
                .on_conflict_do_update(index_elements=["cluster_id", "name"], set_=values)
            )
            record(connection, at, by, "set", "cluster secret", cluster_id, name=secret.name)

    def secrets(self, cluster_id: str) -> tuple[ClusterSecret, ...]:
        """Return the cluster's secrets in clear, by name."""
        table = tables.cluster_secret
        query = select(table.c.name, table.c.sealed).where(table.c.cluster_id == cluster_id).order_by(table.c.name)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(
            ClusterSecret(row.name, SecretText(self.seal.open(row.sealed, _place(cluster_id, row.name)).decode()))
            for row in rows
        )

    def delete_secret(self, cluster_id: str, name: str, *, by: str, at: datetime) -> bool:
        """Delete a cluster secret; False when there is none."""
        table = tables.cluster_secret
        with self.database.writing() as connection:
            gone = connection.execute(
                delete(table).where(table.c.cluster_id == cluster_id, table.c.name == name)
            ).rowcount
            if gone:
                record(connection, at, by, "deleted", "cluster secret", cluster_id, name=name)
            return bool(gone)


_LIVE = tables.cluster.c.deleted.is_(None)


def _name_taken(connection: Connection, cluster: Cluster) -> Refused | None:
    table = tables.cluster
    same_name = func.lower(table.c.name) == cluster.name.lower()
    same = (table.c.organisation_id == cluster.organisation_id, same_name, _LIVE)
    taken = connection.execute(select(table.c.name).where(*same, table.c.cluster_id != cluster.cluster_id)).scalar()
    if taken is None:
        return None
    also = "" if taken == cluster.name else ": upper and lower case make no difference"
    return Refused(f"There is already a cluster {taken!r}{also}.", "name taken", "name")


def cluster_of(row: Row[Any]) -> Cluster:
    """Return the cluster that a row of the cluster table holds."""
    return Cluster(
        cluster_id=row.cluster_id,
        organisation_id=row.organisation_id,
        name=row.name,
        region=row.region,
        grpc_upstream=row.grpc_upstream,
        rest_upstream=row.rest_upstream,
        created=to_time(row.created),
        apis=ApiUpstreams(row.operate_upstream, row.tasklist_upstream, row.optimize_upstream),
        tls=UpstreamTls(row.upstream_authorities, row.upstream_server_name, row.upstream_certificate, row.upstream_key),
    )


def _upstreams(cluster: Cluster) -> dict[str, str | None]:
    return {
        "grpc_upstream": cluster.grpc_upstream,
        "rest_upstream": cluster.rest_upstream,
        "operate_upstream": cluster.apis.operate,
        "tasklist_upstream": cluster.apis.tasklist,
        "optimize_upstream": cluster.apis.optimize,
        "upstream_authorities": cluster.tls.authorities,
        "upstream_server_name": cluster.tls.server_name,
        "upstream_certificate": cluster.tls.certificate,
        "upstream_key": cluster.tls.key,
    }


def _place(cluster_id: str, name: str) -> str:
    return f"cluster secret {cluster_id} {name}"
