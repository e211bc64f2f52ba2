"""
A lock between processes that the system gives back when its holder dies,
however it dies, and that wakes who waits.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread

from gatekey.client.cache.ports import Release


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """
    A lock's file as one caller opened it; the system gives its number to another file as soon as this one is
    closed.
    """

    number: int
    process: int


_open: set[Opened] = set()
"""Of the locks that this process has or waits for; copies in a forked child would keep the locks alive."""

if sys.platform == "win32":
    import msvcrt

    PAUSE = 0.01
    """Seconds; Windows itself would look once a second."""

    def _try(number: int) -> None:
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)

    def _outwait(number: int) -> None:
        while True:
            try:
                return _try(number)
            except PermissionError:
                time.sleep(PAUSE)

    def _give_back(number: int) -> None:
        msvcrt.locking(number, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _outwait(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_SH)  # shared: all who wait are woken at once, not one after the other

    def _give_back(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_UN)

    def _forget_in_child() -> None:
        for one in tuple(_open):
            os.close(one.number)  # closing a copy leaves the parent's lock as it is; unlocking it would not
        _open.clear()

    os.register_at_fork(after_in_child=_forget_in_child)


def try_lock(path: Path) -> Release | None:
    """
    Take the lock of a file, without waiting; None where another process, or another thread of this one, has it.

    Raises `OSError` where the file cannot be made.
    """
    opened = _opened(path)
    try:
        _try(opened.number)
    except (BlockingIOError, PermissionError):  # the second on Windows
        _close(opened)
        return None
    except BaseException:
        _close(opened)
        raise
    return partial(_release, opened)


def when_free(path: Path, then: Callable[[], object]) -> None:
    """
    Call `then`, from a thread of its own, when nobody has the lock of a file any more.

    The system wakes that thread: looking again and again would take the processor from the one who works. Raises
    `OSError` where the file cannot be made.
    """
    opened = _opened(path)

    def wait() -> None:
        # A folder without locks, as on some network drives, lets everybody try: the caller breathes in between.
        with suppress(OSError):
            _outwait(opened.number)
        _release(opened)
        then()

    try:
        Thread(target=wait, name="gatekey-lock", daemon=True).start()
    except RuntimeError:  # the program is ending, or has too many threads
        _close(opened)
        then()


def _opened(path: Path) -> Opened:
    opened = Opened(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600), os.getpid())
    _open.add(opened)
    return opened


def _release(opened: Opened) -> None:
    """Unlock, then close: closing alone would leave the lock to the copy of a child that was forked meanwhile."""
    if opened.process == os.getpid():  # in a child of the holder the lock is not its own
        _close(opened, _give_back)


def _close(opened: Opened, before: Callable[[int], None] | None = None) -> None:
    try:
        _open.remove(opened)  # one step: of two threads that give the lock back, one goes on
    except KeyError:
        return
    if before:
        with suppress(OSError):
            before(opened.number)
    os.close(opened.number)
