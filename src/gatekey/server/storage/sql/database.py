"""Opening the embedded database, and the two kinds of transaction."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, NoResultFound, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from gatekey.errors import StorageUnavailable

BUSY_TIMEOUT_MS = 5_000
"""Writers of one host queue this long for each other before the caller hears of it."""

FILE_NAME = "gatekey.db"


class Database:
    """
    One SQLite file (WAL), shared by any number of threads and processes of one host.

    Every failure of the database leaves `reading` and `writing` as `StorageUnavailable`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _engine(path)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one consistent state."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that alone may write, from its first statement on, and is on disk when it ends."""
        with self._transaction(write=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection, connection.execution_options(gatekey_write=write).begin():
                yield connection
        except (DBAPIError, NoResultFound, PoolTimeoutError, DisconnectionError) as error:
            raise StorageUnavailable(
                f"The database {self.path} does not answer: {_cause(error)}.",
                hint="Check the disk and the file; a copy can be put in its place while the service is stopped.",
            ) from error

    def checkpoint(self) -> None:
        """
        Bring what was committed from the log into the file itself, so that a copy of the file holds it.

        Waits for nobody: what others still read stays in the log until the next time. Raises `StorageUnavailable`.
        """
        with self._raw() as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def check(self) -> str | None:
        """Return what is wrong with the file, None for nothing. Reads all of it. Raises `StorageUnavailable`."""
        with self._raw() as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        return None if verdict == "ok" else str(verdict)

    @contextmanager
    def _raw(self) -> Iterator[Any]:
        """Yield a connection outside any transaction."""
        connection = None
        try:
            connection = self._engine.raw_connection()
            yield connection.driver_connection
        except (sqlite3.Error, SQLAlchemyError) as error:
            raise StorageUnavailable(f"The database {self.path} does not answer: {error}.") from error
        finally:
            if connection is not None:
                connection.close()

    @property
    def file(self) -> str:
        """What names this very file: a copy has another one. Raises `StorageUnavailable`."""
        identity = _identity(self.path)
        if identity is None:
            raise StorageUnavailable(f"The database {self.path} is not there.")
        return str(identity[1])  # the device's number may change when the machine starts

    def close(self) -> None:
        """Close every idle connection."""
        self._engine.dispose()


def create_private(path: Path) -> None:
    """Create the file, readable by its owner alone, unless it is there. SQLite gives its side files the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _engine(path: Path) -> Engine:
    # mode=rw: SQLite must never put a new, empty database where one was moved away.
    address = f"{path.as_uri()}?mode=rw"
    engine = create_engine(
        "sqlite://",
        poolclass=QueuePool,
        creator=lambda: sqlite3.connect(
            address, uri=True, check_same_thread=False, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000
        ),
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        record.info["file"] = _identity(path)
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # what was answered is on disk, also after a power cut
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "checkout")
    def _is_current(_connection: Any, record: Any, _proxy: object) -> None:
        # A connection holds on to its file, even when another was put in its place.
        if record.info["file"] != _identity(path):
            raise DisconnectionError

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("gatekey_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _cause(error: SQLAlchemyError) -> str:
    """Return the driver's own words; SQLAlchemy's text would carry the statement's parameters."""
    return str(getattr(error, "orig", None) or type(error).__name__)
