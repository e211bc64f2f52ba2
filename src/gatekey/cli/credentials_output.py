"""
Where new credentials go: a private file that appears whole or not at all, or the terminal.
"""

import contextlib
import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gatekey.errors import ServiceError

NAMELESS_UNKNOWN = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL, errno.EXDEV})
"""What file systems and kernels answer that cannot write a file without a name (open(2), O_TMPFILE)."""

O_TMPFILE: int = getattr(os, "O_TMPFILE", os.O_DIRECTORY)
"""Linux only; elsewhere a flag with which opening a folder for writing fails (EISDIR)."""


@dataclass(frozen=True, slots=True)
class CredentialsOutput:
    """
    A file that does not exist yet, checked before anything is created; None means that nothing is written.
    """

    path: Path | None

    @classmethod
    def prepare(cls, path: Path | None) -> "CredentialsOutput":
        """
        Check that the file can be written later. Raises `ServiceError`: better now than with a secret in hand.
        """
        if path is None:
            return cls(None)
        if path.exists():
            raise ServiceError(f"{path} is there already.", hint="Choose another name; nothing was created.")
        if not path.absolute().parent.is_dir() or not os.access(path.absolute().parent, os.W_OK):
            raise ServiceError(f"{path} cannot be written.", hint="Check the folder; nothing was created.")
        return cls(path)

    def write(self, text: str) -> None:
        """
        Write the file durably (0600): temp file, fsync, link. Raises `ServiceError` and leaves nothing half-written.
        """
        if self.path is None:
            return
        target = self.path.absolute()
        try:
            try:
                _write_nameless(target, text)
            except OSError as error:
                if error.errno not in NAMELESS_UNKNOWN:
                    raise
                _write_named(target, text)
            _sync_folder(target.parent)
        except OSError as error:
            raise ServiceError(
                f"The client was created, but {self.path} could not be written: {error.strerror}.",
                hint="Nobody has seen its secret: delete the client and create it again.",
            ) from error


def _write_nameless(target: Path, text: str) -> None:
    # The file gets its name last: a process that is killed before leaves no second copy of the secret.
    with os.fdopen(os.open(target.parent, O_TMPFILE | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        # With a folder descriptor, which an absolute path does not use, Python calls linkat with AT_SYMLINK_FOLLOW.
        os.link(f"/proc/self/fd/{file.fileno()}", target, src_dir_fd=file.fileno())


def _write_named(target: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, target)  # unlike a rename it never replaces a file that came in between
    finally:
        Path(temporary).unlink()


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot; the file itself is on disk
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
