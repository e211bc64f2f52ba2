"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create organisations, people, clusters, clients, keys, secrets, audit and the revision counter."""
    _create_people()
    _create_clusters_and_clients()
    _create_sealed()
    _create_records()


def _create_people() -> None:
    op.create_table(
        "organisation",
        sa.Column("organisation_id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_table(
        "member",
        sa.Column("email", sa.String, primary_key=True),
        sa.Column("organisation_id", sa.String, sa.ForeignKey("organisation.organisation_id"), nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("last_sign_in", sa.Float, nullable=True),
    )
    for table in ("sign_in_link", "session"):
        op.create_table(
            table,
            sa.Column("digest", sa.LargeBinary, primary_key=True),
            sa.Column("email", sa.String, sa.ForeignKey("member.email"), nullable=False),
            sa.Column("ends", sa.Float, nullable=False),
        )


def _create_clusters_and_clients() -> None:
    op.create_table(
        "cluster",
        sa.Column("cluster_id", sa.String, primary_key=True),
        sa.Column("organisation_id", sa.String, sa.ForeignKey("organisation.organisation_id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("region", sa.String, nullable=False),
        sa.Column("grpc_upstream", sa.String, nullable=False),
        sa.Column("rest_upstream", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_index("cluster_name", "cluster", ["organisation_id", "name"], unique=True)
    op.create_table(
        "client",
        sa.Column("client_id", sa.String, primary_key=True),
        sa.Column("cluster_id", sa.String, sa.ForeignKey("cluster.cluster_id"), nullable=False),
        sa.Column("organisation_id", sa.String, sa.ForeignKey("organisation.organisation_id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("scopes", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("deleted", sa.Float, nullable=True),
    )
    live = sa.text("deleted IS NULL")
    op.create_index(
        "client_name", "client", ["cluster_id", "name"], unique=True, sqlite_where=live, postgresql_where=live
    )
    op.create_table(
        "client_secret",
        sa.Column("secret_id", sa.String, primary_key=True),
        sa.Column("client_id", sa.String, sa.ForeignKey("client.client_id"), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("presented", sa.Float, nullable=True),
    )
    op.create_index("ix_client_secret_client_id", "client_secret", ["client_id"])


def _create_sealed() -> None:
    op.create_table(
        "signing_key",
        sa.Column("key_id", sa.String, primary_key=True),
        sa.Column("algorithm", sa.String, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_table(
        "cluster_secret",
        sa.Column("cluster_id", sa.String, sa.ForeignKey("cluster.cluster_id"), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("changed", sa.Float, nullable=False),
    )


def _create_records() -> None:
    op.create_table(
        "audit",
        sa.Column("entry", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("subject_id", sa.String, nullable=False),
        sa.Column("detail", sa.String, nullable=False),
    )
    counter = op.create_table(
        "revision",
        sa.Column("topic", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
    )
    op.bulk_insert(counter, [{"topic": "directory", "number": 1}])
