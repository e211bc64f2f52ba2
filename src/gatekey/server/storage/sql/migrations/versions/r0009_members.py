"""Members by id, with roles in any number of organisations; the subject of audit entries can be searched for."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give every member an id and a role in the organisation that they belonged to; who is signed in stays so."""
    for table in ("member", "sign_in_link", "session"):
        op.rename_table(table, f"old_{table}")
    _create_members()
    op.execute(
        "INSERT INTO member (member_id, email, name, created, last_sign_in) "
        "SELECT lower(hex(randomblob(16))), lower(email), '', created, last_sign_in FROM old_member"
    )
    op.execute(
        "INSERT INTO membership (member_id, organisation_id, role, since) "
        "SELECT member_id, organisation_id, role, old_member.created "
        "FROM old_member JOIN member ON member.email = lower(old_member.email)"
    )
    for table in ("sign_in_link", "session"):
        op.create_table(
            table,
            sa.Column("digest", sa.LargeBinary, primary_key=True),
            sa.Column("member_id", sa.String, sa.ForeignKey("member.member_id"), nullable=False),
            sa.Column("ends", sa.Float, nullable=False),
        )
        op.execute(
            f"INSERT INTO {table} (digest, member_id, ends) "  # noqa: S608 - names from this file
            f"SELECT digest, member_id, ends FROM old_{table} JOIN member ON member.email = lower(old_{table}.email)"
        )
    for table in ("sign_in_link", "session", "member"):
        op.drop_table(f"old_{table}")
    op.create_index("audit_subject", "audit", ["subject_id", "entry"])


def _create_members() -> None:
    op.create_table(
        "member",
        sa.Column("member_id", sa.String, primary_key=True),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("last_sign_in", sa.Float, nullable=True),
    )
    op.create_index("member_email", "member", ["email"], unique=True)
    op.create_table(
        "membership",
        sa.Column("member_id", sa.String, sa.ForeignKey("member.member_id"), primary_key=True),
        sa.Column("organisation_id", sa.String, sa.ForeignKey("organisation.organisation_id"), primary_key=True),
        sa.Column("role", sa.String, primary_key=True),
        sa.Column("since", sa.Float, nullable=False),
    )
