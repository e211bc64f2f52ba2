"""What explains the limits: requests by minute, blocks and who lifted them; and the exceptions people make."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and the counter by which workers see that rules or orders to unblock have changed."""
    op.create_table(
        "request_minute",
        sa.Column("minute", sa.Integer, primary_key=True),
        *(
            sa.Column(name, sa.String, primary_key=True)
            for name in ("address", "client_id", "user_agent", "endpoint", "outcome", "verdict", "credential_id")
        ),
        sa.Column("count", sa.Integer, nullable=False),
        # The key is nearly the whole row: beside a rowid it would be stored twice.
        sqlite_with_rowid=False,
    )
    op.create_table(
        "address_block",
        sa.Column("address", sa.String, primary_key=True),
        sa.Column("began", sa.Float, primary_key=True),
        sa.Column("ends", sa.Float, nullable=False),
        sa.Column("enforced", sa.Integer, nullable=False),
    )
    op.create_table(
        "address_unblock",
        sa.Column("unblock_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("done", sa.Float, nullable=True),
        # Workers remember the last order they carried out: a number must never come twice.
        sqlite_autoincrement=True,
    )
    op.create_table(
        "limit_rule",
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("rate", sa.Float, nullable=True),
        sa.Column("burst", sa.Integer, nullable=True),
        sa.Column("ends", sa.Float, nullable=True),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
    )
    op.execute("INSERT INTO revision (topic, number) VALUES ('limits', 1)")
