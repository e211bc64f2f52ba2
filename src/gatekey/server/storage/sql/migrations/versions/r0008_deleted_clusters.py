"""Clusters that are deleted, and stay as tombstones: those of their clients name them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the name of a deleted cluster be given again."""
    op.add_column("cluster", sa.Column("deleted", sa.Float, nullable=True))
    op.drop_index("cluster_name", "cluster")
    live = sa.text("deleted IS NULL")
    op.create_index(
        "cluster_name", "cluster", ["organisation_id", "name"], unique=True, sqlite_where=live, postgresql_where=live
    )
