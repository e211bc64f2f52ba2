"""
How the tables came to be, and that they are what the code thinks.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from gatekey.errors import ServiceError
from gatekey.server.storage.sql.database import Database, create_private
from gatekey.server.storage.sql.migrating import HEAD, migrate
from gatekey.server.storage.sql.tables import metadata


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "gatekey.db"
    create_private(path)
    with closing(Database(path)) as database:
        migrate(database)
    return path


def test_the_newest_revision_is_the_one_the_code_knows() -> None:
    config = Config()
    config.set_main_option("script_location", "gatekey.server.storage.sql:migrations")

    assert [HEAD] == ScriptDirectory.from_config(config).get_heads()


@pytest.mark.filterwarnings("ignore:.*expression-based index")  # the test after this one compares them
def test_migrated_tables_are_the_ones_the_code_thinks_of(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert [] == differences


def test_partial_indexes_are_the_same_too(path: Path) -> None:
    """
    Alembic does not compare what stands in an index's WHERE, nor indexes of expressions.
    """
    declared = create_engine("sqlite://")
    with declared.connect() as connection:
        metadata.create_all(connection)
        wanted = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name")
        expected = [
            (name, text and text.split()) for name, text in wanted if not name.startswith("sqlite_autoindex_al")
        ]
    declared.dispose()
    with closing(sqlite3.connect(path)) as migrated:
        found = migrated.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name")
        actual = [(name, text and text.split()) for name, text in found if not name.startswith("sqlite_autoindex_al")]

    assert expected == actual


def test_migrating_again_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    with closing(Database(path)) as database:
        migrate(database)

    assert before == path.read_bytes()


def test_the_database_of_a_newer_gatekey_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = path.read_bytes()

    with closing(Database(path)) as database, pytest.raises(ServiceError, match=rf"newer Gatekey .*9999.*{HEAD}"):
        migrate(database)

    assert before == path.read_bytes()


def test_a_revision_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gatekey.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE audit (somebody_elses TEXT)")  # in the way of the last table but one
    with closing(Database(path)) as database, pytest.raises(ServiceError):
        migrate(database)
    with closing(sqlite3.connect(path)) as connection:
        left = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()

    assert [("audit",)] == left
