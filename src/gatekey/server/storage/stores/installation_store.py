"""The installation's own row: who it is, and which file it was last served from."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update

from gatekey.errors import ServiceError
from gatekey.server.storage.sql import tables
from gatekey.server.storage.sql.database import Database


@dataclass(frozen=True, slots=True)
class InstallationRow:
    """`file` names the database file from which it was last served; empty before the first time."""

    installation_id: str
    file: str


def read_installation(path: Path) -> InstallationRow:
    """Return the row in a database file. Raises `ServiceError` where there is none."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        row = connection.execute("SELECT installation_id, file FROM installation").fetchone()
    if row is None:
        raise ServiceError(f"The database {path} holds no installation.")
    return InstallationRow(*row)


def installation_of(database: Database) -> InstallationRow | None:
    """Return the installation's row; None before it is founded."""
    query = select(tables.installation.c.installation_id, tables.installation.c.file)
    with database.reading() as connection:
        row = connection.execute(query).first()
    return None if row is None else InstallationRow(row.installation_id, row.file)


def note_file(database: Database, file: str) -> None:
    """Note which file the installation is served from."""
    with database.writing() as connection:
        connection.execute(update(tables.installation).values(file=file))
