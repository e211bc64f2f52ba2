"""Files that only their owner can read, replaced as a whole or not at all."""

import os
import stat
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
POSIX = os.name == "posix"
TEMPORARY = ".writing-"
LARGEST = 1024 * 1024
"""Bytes; a record has about 3 KiB."""


def prepare(folder: Path) -> None:
    """Make the folder, or make sure that it is ours and nobody else's. Raises `OSError` where it cannot be."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not POSIX:
        return
    status = folder.stat()
    if status.st_uid != os.geteuid():
        raise PermissionError("it belongs to somebody else")
    if status.st_mode & OTHERS:
        folder.chmod(0o700)


def read(path: Path) -> bytes | None:
    """Return the content of a file; None where there is none, or one that others could have read or written."""
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return None
    with os.fdopen(number, "rb") as file:
        status = os.fstat(number)
        if POSIX and (status.st_uid != os.geteuid() or status.st_mode & OTHERS):
            return None
        return file.read(LARGEST)


def write(path: Path, content: bytes) -> None:
    """Replace the file at once: readers see the old content or the new, also after a crash at any point."""
    temporary = path.with_name(f"{TEMPORARY}{path.name}-{os.getpid()}-{os.urandom(4).hex()}")
    number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(number)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sweep(path: Path) -> None:
    """Remove what killed writers of this file left behind; only for who holds its lock."""
    for left in path.parent.glob(f"{TEMPORARY}{path.name}-*"):
        left.unlink(missing_ok=True)
