"""Several secrets and public keys per client, lives of signing keys, revocations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen secrets and signing keys; create the tables of uses, client keys, spent assertions and revocations."""
    op.add_column("client", sa.Column("lifetime", sa.Integer, nullable=True))
    op.add_column("client_secret", sa.Column("label", sa.String, nullable=False, server_default=""))
    op.add_column("client_secret", sa.Column("ends", sa.Float, nullable=True))
    op.add_column("signing_key", sa.Column("signs_from", sa.Float, nullable=False, server_default="0"))
    op.execute("UPDATE signing_key SET signs_from = created")
    op.add_column("signing_key", sa.Column("retires", sa.Float, nullable=True))
    _create_tables()


def _create_tables() -> None:
    op.create_table(
        "secret_use",
        sa.Column("secret_id", sa.String, sa.ForeignKey("client_secret.secret_id"), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("user_agent", sa.String, nullable=False),
    )
    op.create_table(
        "client_key",
        sa.Column("client_id", sa.String, sa.ForeignKey("client.client_id"), primary_key=True),
        sa.Column("key_id", sa.String, primary_key=True),
        sa.Column("jwk", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_table(
        "spent_assertion",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("ends", sa.Float, nullable=False),
    )
    op.create_index("ix_spent_assertion_ends", "spent_assertion", ["ends"])
    op.create_table(
        "revocation",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("before", sa.Integer, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
    )
