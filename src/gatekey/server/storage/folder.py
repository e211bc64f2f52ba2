"""The folder that holds everything an installation keeps."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from gatekey.errors import ServiceError
from gatekey.server.clusters.addresses import Site
from gatekey.server.storage.sql import database
from gatekey.server.storage.sql.database import Database, create_private
from gatekey.server.storage.sql.migrating import has_tables, migrate
from gatekey.server.storage.stores.installation_store import installation_of, note_file
from gatekey.server.vault import master_key
from gatekey.server.vault.master_key import MasterKey, installation_of_key

LOCK_NAME = "serve.lock"
FOUNDING_LOCK_NAME = "founding.lock"
SITE_NAME = "site.json"
NOT_THERE = "There is no Gatekey installation in {path}."
START_ONCE = "Start `gatekey serve` once, or name its folder with --data or GATEKEY_DATA."
NOT_WHOLE = "The data folder {path} is not whole: there was an installation in it, and its database does not hold it."
WHOLE = "Copy gatekey.db and master.key once more, or restore a backup into another folder with `gatekey restore`."


@dataclass(frozen=True, slots=True)
class DataFolder:
    """`gatekey.db`, `master.key` unless the key is kept elsewhere, and the gateway's run files."""

    path: Path

    @property
    def database_path(self) -> Path:
        """Where the database is."""
        return self.path / database.FILE_NAME

    @property
    def master_key_path(self) -> Path:
        """Where the master key is, unless it is kept elsewhere."""
        return self.path / master_key.FILE_NAME

    @property
    def gateway_path(self) -> Path:
        """Where the gateway keeps the files it runs from."""
        return self.path / "gateway"

    @property
    def published_path(self) -> Path:
        """Where the configuration stands that gateways on other machines are given."""
        return self.path / "published"

    @property
    def tls_path(self) -> Path:
        """Where certificates are."""
        return self.path / "tls"

    @property
    def limits_path(self) -> Path:
        """Where the processes of a host share what is counted of addresses; it holds until the machine starts again."""
        return self.path / "limits.shared"

    @property
    def counters_path(self) -> Path:
        """Where the workers' counters are added up."""
        return self.path / "counters"

    @contextmanager
    def creating(self) -> Iterator[None]:
        """
        Create the folder (0700) unless it is there, and let one process at a time found an installation in it.

        Raises `ServiceError` when it cannot be written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            create_private(self.path / FOUNDING_LOCK_NAME)
            with (self.path / FOUNDING_LOCK_NAME).open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if not self.database_path.exists():
                    create_private(self.database_path)
                yield
        except OSError as error:
            raise ServiceError(
                f"The data folder {self.path} cannot be written: {error.strerror}.",
                hint="Choose another with --data or GATEKEY_DATA, or change its owner.",
            ) from error

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """
        Serve from this folder alone. Raises `ServiceError` when another process does.

        The kernel frees the claim of a process that died.
        """
        try:
            create_private(self.path / LOCK_NAME)
            file = (self.path / LOCK_NAME).open("w")
        except OSError as error:
            raise ServiceError(
                f"The data folder {self.path} cannot be claimed: {error.strerror}.",
                hint=f"Look at {LOCK_NAME} in it: it must be a file that can be written.",
            ) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ServiceError(
                    f"Another `gatekey serve` runs on the data folder {self.path}.",
                    hint="Stop it, or choose another folder with --data or GATEKEY_DATA.",
                ) from error
            yield

    def remember_site(self, site: Site) -> None:
        """Note under which addresses the service runs, for commands that are started without its settings."""
        target = self.path / SITE_NAME
        temporary = target.with_suffix(".new")
        create_private(temporary)
        temporary.write_text(json.dumps(asdict(site), indent=2) + "\n", encoding="utf-8")
        temporary.replace(target)

    def recall_site(self) -> Site | None:
        """Return the addresses of the last start; None before the first one, or when the note cannot be read."""
        try:
            return Site(**json.loads((self.path / SITE_NAME).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def open_database(self, *, create: bool = False) -> Database:
        """
        Open the database and bring its tables up to date; `create` makes them where nothing was founded yet.

        Raises `ServiceError` where there is none, and for one that is not whole.
        """
        there = self.database_path.exists()
        if not there or self._is_empty():
            self._refuse_if_founded()
            if not there or not create:
                raise ServiceError(NOT_THERE.format(path=self.path), hint=START_ONCE)
        opened = Database(self.database_path)
        # Filled with tables by a mere command, an empty file would hide that an installation was lost.
        if not has_tables(opened):
            self._refuse_if_founded()
            if not create:
                raise ServiceError(NOT_WHOLE.format(path=self.path), hint=WHOLE)
        migrate(opened)
        return opened

    def _refuse_if_founded(self) -> None:
        """Raise `ServiceError` where files of the folder tell of an installation that its database does not hold."""
        if installation_of_key(self.master_key_path) is not None or (self.path / SITE_NAME).exists():
            raise ServiceError(NOT_WHOLE.format(path=self.path), hint=WHOLE)

    def check_installation(self, database: Database) -> None:
        """
        See to it that key, database and file belong together, before they are served.

        A database that lies in another file than the last time is a copy: it is read as a whole once. Raises
        `ServiceError`.
        """
        row = installation_of(database)
        if row is None:
            raise ServiceError(NOT_WHOLE.format(path=self.path), hint=WHOLE)
        noted = installation_of_key(self.master_key_path)
        if noted not in {None, row.installation_id}:
            raise ServiceError(
                f"The master key {self.master_key_path} belongs to another installation than the database beside it.",
                hint="Put back the one that was copied or backed up together with this database.",
            )
        if row.file != database.file:
            fault = database.check()
            if fault is not None:
                raise ServiceError(f"The database {self.database_path} is damaged: {fault}.", hint=WHOLE)
            note_file(database, database.file)
        database.checkpoint()  # from now on a copy of the file has the tables
        if noted is None and self.master_key_path.exists():
            key = master_key.load_master_key(self.master_key_path)
            master_key.write_master_key(self.master_key_path, key, row.installation_id)

    def read_master_key(self, *, create: bool = False) -> MasterKey:
        """Return the key of this folder; `create` makes one where key and database are both new."""
        path = self.master_key_path
        if create and self._is_empty() and not path.exists():
            self._refuse_if_founded()
            return master_key.create_master_key(path)
        if not create and not self.database_path.exists():
            self._refuse_if_founded()
            raise ServiceError(NOT_THERE.format(path=self.path), hint=START_ONCE)
        return master_key.load_master_key(path)

    def _is_empty(self) -> bool:
        return self.database_path.is_file() and self.database_path.stat().st_size == 0
