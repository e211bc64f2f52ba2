"""
Become another program that does not outlive the one who asked.

Run as `python -I -S die_with_parent.py PARENT PROGRAM ARGUMENT…`. On Linux the kernel kills the program when the
parent ends, even by SIGKILL; elsewhere the program is run as it is. This is a program of its own because Python code
between fork and exec, in a process with threads, may wait for ever for a lock.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""


def main(parent: int, program: list[str]) -> None:
    """
    Tie this process to the process id `parent`, allow it all the file descriptors it may have, and become
    `program`.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the kernel was told
            sys.exit(1)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(OSError, ValueError):  # macOS refuses "unlimited"; what was allowed before stays
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # Nothing of our environment: it may hold the key that encrypts secrets.
    os.execve(program[0], program, {})  # noqa: S606 - a fixed program with a list of arguments; no shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
