"""The files between us and Envoy, in a folder that nobody else can read."""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from gatekey.server.gateway.envoy.resources import Document, Part, Resources, Response, discovery_response
from gatekey.server.gateway.envoy.sources import Sources, file_source

LONGEST_SOCKET_PATH = 100
"""Bytes: `sun_path` holds 108 on Linux and 104 on macOS, its end included."""


class RunFolder:
    """The folder of one Envoy: its bootstrap, the files by which it learns of changes, its administration socket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._certificate = self._folder / "certificate.json"
        self._elsewhere: Path | None = None
        self.bootstrap = self._folder / "bootstrap.json"
        self.socket = self._folder / "administration.sock"
        if len(os.fsencode(self.socket)) > LONGEST_SOCKET_PATH:
            self._elsewhere = Path(tempfile.mkdtemp(prefix="gatekey-"))
            self.socket = self._elsewhere / "administration.sock"

    @property
    def sources(self) -> Sources:
        """Where Envoy finds everything."""
        parts = {part.value: file_source(str(self._path_of(part))) for part in Part}
        return Sources(**parts, certificate=file_source(str(self._certificate)))

    def write_bootstrap(self, bootstrap: Document) -> None:
        """Write what Envoy reads once, at its start."""
        replace_file(self.bootstrap, json.dumps(bootstrap))

    def write_certificate(self, certificate: tuple[Document, ...]) -> None:
        """Write where Envoy finds its certificate."""
        replace_file(self._certificate, discovery_response(certificate).text)

    def write(self, resources: Resources) -> None:
        """Write everything that may change while Envoy runs."""
        for part in Part:
            self.write_part(part, discovery_response(resources.of(part)))

    def write_part(self, part: Part, response: Response) -> None:
        """Write one part of it."""
        replace_file(self._path_of(part), response.text)

    def _path_of(self, part: Part) -> Path:
        return self._folder / f"{part}.json"

    def forget_socket(self) -> None:
        """Remove the socket of an Envoy that is gone."""
        self.socket.unlink(missing_ok=True)

    def leave(self) -> None:
        """Remove what lies outside the folder."""
        self.forget_socket()
        if self._elsewhere is not None:
            shutil.rmtree(self._elsewhere, ignore_errors=True)


def replace_file(path: Path, content: str) -> None:
    """Put a file in place of the old one at once: Envoy watches for the rename and never reads half of one."""
    new = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
    new.replace(path)
