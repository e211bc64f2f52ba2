"""
Free ports on loopback.

A port that the system chose is given to somebody else as soon as it is let go, and many tests run at once: on this
machine too, by other people. So each process takes a block of ports for itself, below those that the system chooses for
outgoing connections.
"""

import errno
import fcntl
import getpass
import socket
import tempfile
from contextlib import suppress
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import IO

FIRST, LAST = 10_000, 32_000
"""Linux hands out 32 768 to 60 999 by itself (ip_local_port_range)."""

BLOCK = 200
"""More than any process of tests has in use at once."""


def free_port() -> int:
    """
    Return a port that nothing listens on, on IPv4 and IPv6 loopback, and that no other test is given.
    """
    _, ports = _own_block()
    return next(port for port in ports if _is_free(port))


@cache
def _own_block() -> tuple[IO[str], "cycle[int]"]:
    """
    The first block that no process has, locked for as long as this one lives.
    """
    folder = Path(tempfile.gettempdir()) / f"gatekey-ports-{getpass.getuser()}"
    folder.mkdir(exist_ok=True)
    for first in range(FIRST, LAST, BLOCK):
        lock = (folder / str(first)).open("w")
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock, cycle(range(first, first + BLOCK))
        lock.close()
    raise RuntimeError("every port is taken")


def _is_free(port: int) -> bool:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.bind((host, port))
        except OSError as fault:
            if fault.errno == errno.EADDRINUSE:  # any other: this machine has no IPv6
                return False
    return True
