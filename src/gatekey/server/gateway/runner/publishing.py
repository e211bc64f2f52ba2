"""
The configuration that gateways on other machines are given: written by one process, read by all that answer them.

Through files, so that every worker gives out the same, and all of it in the order in which it was written.
"""

from pathlib import Path

from gatekey.server.gateway.envoy.resources import Part, Resources, Response, discovery_response, read_response
from gatekey.server.gateway.runner.files import replace_file


class Publisher:
    """Writes into `folder` what changed since the last time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: Resources | None = None

    def write(self, resources: Resources) -> None:
        """Write `resources`. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in Part:
            if self._written is None or resources.of(part) is not self._written.of(part):
                replace_file(_path(self._folder, part), discovery_response(resources.of(part)).text)
        self._written = resources


class PublishedParts:
    """Reads what stands in `folder`; unchanged files cost one look at each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Part, tuple[tuple[int, int], Response]] = {}

    def current(self, part: Part) -> Response | None:
        """Return what gateways are given of one part; None before it was ever written. Raises OSError."""
        path = _path(self._folder, part)
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        stamp = (status.st_ino, status.st_mtime_ns)
        known = self._read.get(part)
        if known is None or known[0] != stamp:
            known = (stamp, read_response(path.read_text(encoding="utf-8")))
            self._read[part] = known
        return known[1]


def _path(folder: Path, part: Part) -> Path:
    return folder / f"{part}.json"
