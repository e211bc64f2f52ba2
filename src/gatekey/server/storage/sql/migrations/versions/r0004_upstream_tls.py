"""
How the gateway meets a cluster's upstreams over TLS: files of authorities and of a client certificate, a server
name.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; without them upstreams are checked against the system's authorities, as before."""
    for name in ("authorities", "server_name", "certificate", "key"):
        op.add_column("cluster", sa.Column(f"upstream_{name}", sa.String, nullable=True))
