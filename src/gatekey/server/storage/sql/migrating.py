"""Bringing the database's tables up to date."""

from sqlalchemy import Connection, inspect, text

from gatekey.errors import ServiceError
from gatekey.server.storage.sql.database import Database

HEAD = "0009"
"""The newest revision in `migrations/versions`; a test holds the two together."""


def has_tables(database: Database) -> bool:
    """Say whether there is anything of ours in the database."""
    with database.reading() as connection:
        return _current(connection) is not None


def migrate(database: Database) -> None:
    """
    Run the missing revisions in one transaction: all or none. Raises `ServiceError` for a database of a newer
    Gatekey.
    """
    with database.reading() as connection:
        current = _current(connection)
    if current == HEAD:
        return
    if current is not None and current > HEAD:
        raise ServiceError(
            f"The database {database.path} was written by a newer Gatekey (revision {current}, this one knows {HEAD}).",
            hint="Start the newer version, or restore a backup that is older.",
        )
    with database.writing() as connection:
        _upgrade(connection)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def _upgrade(connection: Connection) -> None:
    # Imported here: Alembic takes a quarter of the start-up time and is needed once per release.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "gatekey.server.storage.sql:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
