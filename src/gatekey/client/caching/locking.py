"""
A lock between processes that the system gives back when its holder dies, however it dies.
"""

import os
import sys
from functools import partial
from pathlib import Path

from gatekey.client.caching.ports import Release

_taken: set[int] = set()
"""Descriptors of the locks that this process holds; a forked child gets copies, which would keep the locks alive."""

if sys.platform == "win32":
    import msvcrt

    def _try(number: int) -> None:
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)

    def _give_back(number: int) -> None:
        msvcrt.locking(number, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _give_back(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_UN)

    def _forget_in_child() -> None:
        for number in tuple(_taken):
            os.close(number)  # closing a copy leaves the parent's lock as it is; unlocking it would not
        _taken.clear()

    os.register_at_fork(after_in_child=_forget_in_child)


def try_lock(path: Path) -> Release | None:
    """
    Take the lock of a file, without waiting; None where another process, or another thread of this one, has it.

    Raises `OSError` where the file cannot be made.
    """
    number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        _try(number)
    except (BlockingIOError, PermissionError):  # the second on Windows
        os.close(number)
        return None
    except BaseException:
        os.close(number)
        raise
    _taken.add(number)
    return partial(_release, number, os.getpid())


def _release(number: int, holder: int) -> None:
    if os.getpid() != holder or number not in _taken:
        return  # a child of the holder: the lock is not its own
    _give_back(number)
    _taken.discard(number)
    os.close(number)
