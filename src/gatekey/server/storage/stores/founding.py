"""The first rows of a new installation."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from gatekey.server.accounts.model import Member, Organisation
from gatekey.server.clusters.model import Cluster
from gatekey.server.signing_keys.keys import SigningKey
from gatekey.server.signing_keys.rotation import KeyLife
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.changes import Topic, note_changes
from gatekey.server.storage.sql.database import Database
from gatekey.server.storage.sql.times import to_seconds
from gatekey.server.storage.stores.account_store import member_row, write_roles
from gatekey.server.storage.stores.audit_log import record
from gatekey.server.storage.stores.key_store import add_key
from gatekey.server.vault.sealing import Seal


@dataclass(frozen=True, slots=True)
class Founding:
    """What a new installation begins with."""

    installation_id: str
    organisation: Organisation
    owner: Member
    cluster: Cluster
    key: SigningKey


def is_founded(database: Database) -> bool:
    """Say whether the first rows are there."""
    with database.reading() as connection:
        return connection.execute(select(tables.organisation.c.organisation_id)).first() is not None


def found(database: Database, founding: Founding, seal: Seal, at: datetime) -> None:
    """Write the organisation, its owner, the first cluster and the signing key, all or none."""
    organisation_id = founding.organisation.organisation_id
    created = to_seconds(at)
    cluster = founding.cluster
    with database.writing() as connection:
        if connection.execute(select(tables.organisation.c.organisation_id)).first() is not None:
            return  # another process was first
        connection.execute(
            insert(tables.organisation).values(
                organisation_id=organisation_id, name=founding.organisation.name, created=created
            )
        )
        connection.execute(
            insert(tables.installation).values(installation_id=founding.installation_id, founded=created)
        )
        connection.execute(insert(tables.member).values(member_row(founding.owner, at)))
        for owned, roles in founding.owner.roles.items():
            write_roles(connection, founding.owner.member_id, owned, roles, at)
        connection.execute(
            insert(tables.cluster).values(
                cluster_id=cluster.cluster_id,
                organisation_id=organisation_id,
                name=cluster.name,
                region=cluster.region,
                grpc_upstream=cluster.grpc_upstream,
                rest_upstream=cluster.rest_upstream,
                created=created,
            )
        )
        key = founding.key
        add_key(connection, key, KeyLife(key.key_id, key.algorithm, created, signs_from=created), seal)
        record(connection, at, "gatekey", "founded", "organisation", organisation_id, name=founding.organisation.name)
        note_changes(connection, Topic.CLUSTER, cluster.cluster_id)
        note_changes(connection, Topic.SIGNING_KEY, key.key_id)
