"""The log of changes, and indexes by which lists are read a page at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let readers learn what changed, and lists of clients cost what they show."""
    op.create_table(
        "change_log",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("topic", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        # Readers remember the last number they saw: it must never come twice.
        sqlite_autoincrement=True,
    )
    # It goes on where the counter ends that it replaces: gateways may hold the last number as an ETag.
    op.execute(
        "INSERT INTO change_log (number, topic, subject) "
        "SELECT number + 1, 'everything', '' FROM revision WHERE topic = 'directory'"
    )
    op.execute("DELETE FROM revision WHERE topic = 'directory'")
    live = sa.text("deleted IS NULL")
    op.create_index(
        "client_listing",
        "client",
        ["cluster_id", "created", "client_id"],
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_index("client_called", "client", [sa.text("lower(name)"), "cluster_id"])
