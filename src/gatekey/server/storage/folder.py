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
from gatekey.server.storage.sql.migrating import migrate
from gatekey.server.vault import master_key
from gatekey.server.vault.master_key import MasterKey

LOCK_NAME = "serve.lock"
FOUNDING_LOCK_NAME = "founding.lock"
SITE_NAME = "site.json"
NOT_THERE = "There is no Gatekey installation in {path}."


@dataclass(frozen=True, slots=True)
class DataFolder:
    """`gatekey.db`, `master.key` unless the key is kept elsewhere, and the gateway's run files."""

    path: Path

    @property
    def database_path(self) -> Path:
        """Where the database is."""
        return self.path / database.FILE_NAME

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
        """Where the workers share what they know of addresses; it lives as long as the service runs."""
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
        """Open the database and bring its tables up to date. Raises `ServiceError` where there is none."""
        # An empty file is no installation: filled with tables by a mere command, it would hide that one was lost.
        if not self.database_path.exists() or (self._is_empty() and not create):
            raise ServiceError(
                NOT_THERE.format(path=self.path),
                hint="Start `gatekey serve` once, or name its folder with --data or GATEKEY_DATA.",
            )
        opened = Database(self.database_path)
        migrate(opened)
        return opened

    def read_master_key(self, *, create: bool = False) -> MasterKey:
        """Return the key of this folder; `create` makes one where key and database are both new."""
        path = self.path / master_key.FILE_NAME
        if create and self._is_empty() and not path.exists():
            return master_key.create_master_key(path)
        if not create and not self.database_path.exists():
            raise ServiceError(
                NOT_THERE.format(path=self.path),
                hint="Start `gatekey serve` once, or name its folder with --data or GATEKEY_DATA.",
            )
        return master_key.load_master_key(path)

    def _is_empty(self) -> bool:
        return self.database_path.is_file() and self.database_path.stat().st_size == 0
