"""
Programs that verify our tokens with somebody else's library, knowing the issuer's address and an audience.

Each judges the tokens that it reads, one a line. Their clocks can be set forward while they run (libfaketime), so that
what a library keeps becomes stale without a test that waits.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.clients import CACHE, FETCHING_SECONDS, run_tool
from support.java import compiled

REAL = Path(__file__).resolve().parents[1]
PROGRAMS = REAL / "programs"
STOPPING_SECONDS = 30.0

RSA_AND_EC = ("RS256", "ES256")
ALL = (*RSA_AND_EC, "EdDSA")


@dataclass(frozen=True)
class Library:
    """
    A library and its program: `keeps` is for how many seconds it uses a key set that it has read, None is for ever.
    """

    name: str
    command: Callable[[Path], tuple[str | Path, ...]]
    algorithms: tuple[str, ...]
    keeps: int | None
    knows_clusters: bool = False


def spring(home: Path) -> tuple[str | Path, ...]:
    return compiled("spring").command("ResourceServer", home)


def nimbus(home: Path) -> tuple[str | Path, ...]:
    return compiled("nimbus").command("Verifies", home)


def go_oidc(_home: Path) -> tuple[str | Path, ...]:
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    program = CACHE / "go-oidc" / "verifier"
    run_tool("go", "build", "-mod=readonly", "-o", program, ".", cwd=REAL / "go", seconds=FETCHING_SECONDS)
    return (program,)


def node(program: str) -> Callable[[Path], tuple[str | Path, ...]]:
    return lambda _home: ("node", PROGRAMS / program)


def python(program: str) -> Callable[[Path], tuple[str | Path, ...]]:
    return lambda _home: (sys.executable, PROGRAMS / program)


# What each keeps is its default, told in docs/how-to/verify-tokens.md; no program changes it.
LIBRARIES = (
    Library("Spring Security", spring, RSA_AND_EC, keeps=300),
    Library("Nimbus", nimbus, RSA_AND_EC, keeps=300, knows_clusters=True),
    Library("go-oidc", go_oidc, ALL, keeps=None),
    Library("jose", node("jose_verifies.mjs"), ALL, keeps=600),
    Library("openid-client", node("openid_client_asks.mjs"), ALL, keeps=0, knows_clusters=True),
    Library("PyJWT", python("pyjwt_verifies.py"), ALL, keeps=300),
    Library("Authlib", python("authlib_verifies.py"), ALL, keeps=60, knows_clusters=True),
)


class Verifier:
    """
    A running program of a library.
    """

    def __init__(self, process: subprocess.Popen[str], clock: Path, errors: Path) -> None:
        self._process = process
        self._clock = clock
        self._errors = errors
        self._ahead = 0
        self._answer_is("ready")

    def accepts(self, token: str) -> bool:
        """
        Have a token judged.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{token}\n")
        self._process.stdin.flush()
        return self._answer_is("accepted", "refused")

    def wait(self, seconds: int) -> None:
        """
        Set its clock forward. Skips the test where that cannot be done.
        """
        if faketime() is None:
            pytest.skip("faketime is not installed, and the test would wait for minutes without")
        self._ahead += seconds
        self._clock.write_text(f"+{self._ahead}s")

    def _answer_is(self, good: str, bad: str = "") -> bool:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if line == good:
            return True
        if not (bad and line.startswith(bad)):
            raise AssertionError(f"it says {line!r}\n{self._errors.read_text()}")
        return False


@contextmanager
def verifying(library: Library, folder: Path, *arguments: str, **variables: str) -> Iterator[Verifier]:
    """
    Run the program of a library with its arguments: issuer, audience, cluster.
    """
    command = library.command(folder)
    clock, errors = folder / "clock", folder / "errors"
    clock.write_text("+0s")
    with errors.open("w") as output:
        process = subprocess.Popen(
            [*map(str, (*command, *arguments))],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **_clock_of(clock), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
    try:
        yield Verifier(process, clock, errors)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOPPING_SECONDS)
        process.stdout.close()


def faketime() -> Path | None:
    """
    The library of Debian's package `faketime`; go-oidc's program, being static, does not notice it.
    """
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)


def _clock_of(file: Path) -> dict[str, str]:
    found = faketime()
    if found is None:
        return {}
    # Read anew at each look at the clock, which is what makes time pass when the file changes.
    return {"LD_PRELOAD": str(found), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1"}
