"""
The tables, as SQLAlchemy sees them; `migrations/` is how they came to be.

Times are UTC seconds since 1970 as REAL. Deleted clients stay as tombstones: their tokens may still be alive.
"""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, text

metadata = MetaData()

organisation = Table(
    "organisation",
    metadata,
    Column("organisation_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("created", Float, nullable=False),
)

member = Table(
    "member",
    metadata,
    Column("member_id", String, primary_key=True),
    Column("email", String, nullable=False),
    Column("name", String, nullable=False),
    Column("created", Float, nullable=False),
    Column("last_sign_in", Float, nullable=True),
    Index("member_email", "email", unique=True),
)

membership = Table(
    "membership",
    metadata,
    Column("member_id", ForeignKey("member.member_id"), primary_key=True),
    Column("organisation_id", ForeignKey("organisation.organisation_id"), primary_key=True),
    Column("role", String, primary_key=True),
    Column("since", Float, nullable=False),
)

installation = Table(
    "installation",
    metadata,
    Column("installation_id", String, primary_key=True),
    Column("founded", Float, nullable=False),
    Column("file", String, nullable=False, server_default=text("''")),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("member_id", ForeignKey("member.member_id"), nullable=False),
    Column("ends", Float, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("member_id", ForeignKey("member.member_id"), nullable=False),
    Column("ends", Float, nullable=False),
)

cluster = Table(
    "cluster",
    metadata,
    Column("cluster_id", String, primary_key=True),
    Column("organisation_id", ForeignKey("organisation.organisation_id"), nullable=False),
    Column("name", String, nullable=False),
    Column("region", String, nullable=False),
    Column("grpc_upstream", String, nullable=False),
    Column("rest_upstream", String, nullable=False),
    Column("operate_upstream", String, nullable=True),
    Column("tasklist_upstream", String, nullable=True),
    Column("optimize_upstream", String, nullable=True),
    Column("upstream_authorities", String, nullable=True),
    Column("upstream_server_name", String, nullable=True),
    Column("upstream_certificate", String, nullable=True),
    Column("upstream_key", String, nullable=True),
    Column("created", Float, nullable=False),
    Column("deleted", Float, nullable=True),
    Index("cluster_name", "organisation_id", "name", unique=True, sqlite_where=text("deleted IS NULL")),
)

client = Table(
    "client",
    metadata,
    Column("client_id", String, primary_key=True),
    Column("cluster_id", ForeignKey("cluster.cluster_id"), nullable=False),
    Column("organisation_id", ForeignKey("organisation.organisation_id"), nullable=False),
    Column("name", String, nullable=False),
    Column("scopes", String, nullable=False),
    Column("created", Float, nullable=False),
    Column("created_by", String, nullable=False),
    Column("lifetime", Integer, nullable=True),
    Column("deleted", Float, nullable=True),
    Index("client_name", "cluster_id", "name", unique=True, sqlite_where=text("deleted IS NULL")),
    Index("client_listing", "cluster_id", "created", "client_id", sqlite_where=text("deleted IS NULL")),
    Index("client_called", text("lower(name)"), "cluster_id"),
)

client_secret = Table(
    "client_secret",
    metadata,
    Column("secret_id", String, primary_key=True),
    Column("client_id", ForeignKey("client.client_id"), nullable=False, index=True),
    Column("digest", LargeBinary, nullable=False),
    Column("label", String, nullable=False, server_default=text("''")),
    Column("created", Float, nullable=False),
    Column("presented", Float, nullable=True),
    Column("ends", Float, nullable=True),
)

secret_use = Table(
    "secret_use",
    metadata,
    Column("secret_id", ForeignKey("client_secret.secret_id"), primary_key=True),
    Column("at", Float, nullable=False),
    Column("address", String, nullable=False),
    Column("user_agent", String, nullable=False),
)

client_key = Table(
    "client_key",
    metadata,
    Column("client_id", ForeignKey("client.client_id"), primary_key=True),
    Column("key_id", String, primary_key=True),
    Column("jwk", String, nullable=False),
    Column("created", Float, nullable=False),
)

spent_assertion = Table(
    "spent_assertion",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("ends", Float, nullable=False, index=True),
)

revocation = Table(
    "revocation",
    metadata,
    Column("kind", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("before", Integer, nullable=False),
    Column("until", Float, nullable=False),
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("algorithm", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created", Float, nullable=False),
    Column("signs_from", Float, nullable=False, server_default="0"),
    Column("retires", Float, nullable=True),
)

cluster_secret = Table(
    "cluster_secret",
    metadata,
    Column("cluster_id", ForeignKey("cluster.cluster_id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("changed", Float, nullable=False),
)

request_minute = Table(
    "request_minute",
    metadata,
    Column("minute", Integer, primary_key=True),
    Column("address", String, primary_key=True),
    Column("client_id", String, primary_key=True),
    Column("user_agent", String, primary_key=True),
    Column("endpoint", String, primary_key=True),
    Column("outcome", String, primary_key=True),
    Column("verdict", String, primary_key=True),
    Column("credential_id", String, primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)

address_block = Table(
    "address_block",
    metadata,
    Column("address", String, primary_key=True),
    Column("began", Float, primary_key=True),
    Column("ends", Float, nullable=False),
    Column("enforced", Integer, nullable=False),
)

address_unblock = Table(
    "address_unblock",
    metadata,
    Column("unblock_id", Integer, primary_key=True, autoincrement=True),
    Column("address", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("actor", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("done", Float, nullable=True),
    sqlite_autoincrement=True,
)

limit_rule = Table(
    "limit_rule",
    metadata,
    Column("subject", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("rate", Float, nullable=True),
    Column("burst", Integer, nullable=True),
    Column("ends", Float, nullable=True),
    Column("note", String, nullable=False),
    Column("created", Float, nullable=False),
    Column("created_by", String, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("entry", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("subject_id", String, nullable=False),
    Column("detail", String, nullable=False),
    Index("audit_subject", "subject_id", "entry"),
)

change_log = Table(
    "change_log",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("topic", String, nullable=False),
    Column("subject", String, nullable=False),
    sqlite_autoincrement=True,
)

revision = Table(
    "revision",
    metadata,
    Column("topic", String, primary_key=True),
    Column("number", Integer, nullable=False),
)
