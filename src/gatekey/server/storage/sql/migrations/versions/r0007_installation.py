"""The installation's own id, by which a master key and a database know that they belong together."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give an installation that there is already an id of its own."""
    op.create_table(
        "installation",
        sa.Column("installation_id", sa.String, primary_key=True),
        sa.Column("founded", sa.Float, nullable=False),
        sa.Column("file", sa.String, nullable=False, server_default=sa.text("''")),
    )
    op.execute(
        "INSERT INTO installation (installation_id, founded) "
        "SELECT lower(hex(randomblob(16))), created FROM organisation ORDER BY created LIMIT 1"
    )
