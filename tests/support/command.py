"""
The command line without a process for each command: half the tests' time would go into starting interpreters.

A command that is run here gets arguments, environment and standard streams of its own, as a process would; what it
returns, prints and leaves in files is the same. Where the process is the point (signals, limits of the system, what a
start imports), tests start `GATEKEY`.
"""

import io
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from gatekey.cli import main

GATEKEY = Path(sys.executable).parent / "gatekey"

_ALONE = threading.Lock()
"""Environment and standard streams are one for all threads, so one command runs at a time."""


def run_command(
    *arguments: str | Path, environment: Mapping[str, str], stdin: str | bytes = ""
) -> subprocess.CompletedProcess[str]:
    """
    Run `gatekey …` in this process with exactly this environment.
    """
    assert arguments[0] not in {"serve", "exec"}, "it changes its process, or hands its own output on"
    words = [str(GATEKEY), *map(str, arguments)]
    given = io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin)
    printed, said = io.BytesIO(), io.BytesIO()
    encoding, _, errors = environment.get("PYTHONIOENCODING", "utf-8").partition(":")
    streams = [
        io.TextIOWrapper(stream, encoding, errors or None, write_through=True) for stream in (given, printed, said)
    ]
    with _ALONE, _standard(words, streams), _only(environment):
        code = _exit_code()
    return subprocess.CompletedProcess(words, code, printed.getvalue().decode(), said.getvalue().decode())


def _exit_code() -> int:
    """
    What the interpreter would end with: a traceback is printed to standard error and is code 1.
    """
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 - whatever it is, a process would end with it
        traceback.print_exc()
        return 1
    return 0


@contextmanager
def _standard(words: list[str], streams: Sequence[TextIO]) -> Iterator[None]:
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr
    sys.argv, (sys.stdin, sys.stdout, sys.stderr) = words, streams
    try:
        yield
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = before


@contextmanager
def _only(environment: Mapping[str, str]) -> Iterator[None]:
    """
    Make the process's environment this one for a while; what stays equal is not touched.
    """
    before = dict(os.environ)
    _change(before, environment)
    try:
        yield
    finally:
        _change(dict(os.environ), before)


def _change(present: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    for name in present.keys() - wanted.keys():
        del os.environ[name]
    os.environ.update({name: value for name, value in wanted.items() if present.get(name) != value})
