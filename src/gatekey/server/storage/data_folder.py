"""
The folder that holds everything an installation keeps.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from gatekey.errors import ServiceError
from gatekey.server.clusters.addresses import Site
from gatekey.server.storage import database, master_key
from gatekey.server.storage.database import Database, create_private
from gatekey.server.storage.master_key import MasterKey
from gatekey.server.storage.migrating import migrate

LOCK_NAME = "serve.lock"
SITE_NAME = "site.json"
NOT_THERE = "There is no Gatekey installation in {path}."


@dataclass(frozen=True, slots=True)
class DataFolder:
    """
    `gatekey.db`, `master.key` unless the key is kept elsewhere, and the gateway's run files.
    """

    path: Path

    @property
    def database_path(self) -> Path:
        """
        Where the database is.
        """
        return self.path / database.FILE_NAME

    @property
    def gateway_path(self) -> Path:
        """
        Where the gateway keeps the files it runs from.
        """
        return self.path / "gateway"

    @property
    def tls_path(self) -> Path:
        """
        Where certificates are.
        """
        return self.path / "tls"

    @property
    def limits_path(self) -> Path:
        """
        Where the workers share what they know of addresses; it lives as long as the service runs.
        """
        return self.path / "limits.shared"

    @property
    def counters_path(self) -> Path:
        """
        Where the workers' counters are added up.
        """
        return self.path / "counters"

    def create(self) -> None:
        """
        Create the folder (0700) unless it is there. Raises `ServiceError` when it cannot be written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(self.path, os.W_OK | os.X_OK):
                raise PermissionError(13, "Permission denied")
            if not self.database_path.exists():
                create_private(self.database_path)
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
        with (self.path / LOCK_NAME).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ServiceError(
                    f"Another `gatekey serve` runs on the data folder {self.path}.",
                    hint="Stop it, or choose another folder with --data or GATEKEY_DATA.",
                ) from error
            yield

    def remember_site(self, site: Site) -> None:
        """
        Note under which addresses the service runs, for commands that are started without its settings.
        """
        target = self.path / SITE_NAME
        temporary = target.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(site), indent=2) + "\n", encoding="utf-8")
        temporary.replace(target)

    def recall_site(self) -> Site | None:
        """
        Return the addresses of the last start; None before the first one, or when the note cannot be read.
        """
        try:
            return Site(**json.loads((self.path / SITE_NAME).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def open_database(self) -> Database:
        """
        Open the database and bring its tables up to date. Raises `ServiceError` where there is none.
        """
        if not self.database_path.exists():
            raise ServiceError(
                NOT_THERE.format(path=self.path),
                hint="Start `gatekey serve` once, or name its folder with --data or GATEKEY_DATA.",
            )
        opened = Database(self.database_path)
        migrate(opened)
        return opened

    def read_master_key(self) -> MasterKey:
        """
        Return the key of this folder, made when database and key are both new.
        """
        path = self.path / master_key.FILE_NAME
        is_new = self.database_path.exists() and self.database_path.stat().st_size == 0
        if is_new and not path.exists():
            return master_key.create_master_key(path)
        return master_key.load_master_key(path)
