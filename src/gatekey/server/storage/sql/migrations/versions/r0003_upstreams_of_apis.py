"""Addresses of Operate, Tasklist and Optimize beside a cluster's Zeebe."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; clusters without an address of their own there are served by their REST upstream."""
    for api in ("operate", "tasklist", "optimize"):
        op.add_column("cluster", sa.Column(f"{api}_upstream", sa.String, nullable=True))
