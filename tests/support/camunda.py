"""
Real peers: a Camunda server without authentication, one that trusts our issuer, and the clients that users run.

Whatever is missing (Maven, npm, their registries, Java) is an error with the tool's own words, never a skip. Whether
tests/real runs at all is decided in one place, its conftest.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from support.ports import free_port
from support.processes import children

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "scripts" / "camunda"
NODE_PINS = REPOSITORY / "tests" / "real" / "node"
CACHE = Path(
    os.environ.get("GATEKEY_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatekey"
)

FETCHING_SECONDS = 900  # 300 MB from a slow mirror
STARTING_SECONDS = 120  # measured: 6 s on two idle cores
STOPPING_SECONDS = 30  # measured: 1 s
CLIENT_SECONDS = 90  # no client run takes more than 10 s; the SDKs retry for ever


@dataclass(frozen=True, slots=True)
class Camunda:
    """
    A running server: `grpc` as `localhost:port`, `rest` as a base URL without trailing slash; the script that runs it.
    """

    grpc: str
    rest: str
    process_id: int

    def kill(self) -> None:
        """
        End the server as `kill -9` does; the script then tidies up and ends.
        """
        for process_id in children(self.process_id).values():
            os.kill(process_id, signal.SIGKILL)


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


@pytest.fixture(scope="session")
def camunda_open(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camunda]:
    """
    A server without authentication: what stands behind our gateway.
    """
    with running_camunda(tmp_path_factory.mktemp("camunda-open") / "log") as server:
        yield server


@contextmanager
def running_camunda(log: Path, *arguments: str, ports: Mapping[str, int] | None = None) -> Iterator[Camunda]:
    """
    Start `scripts/camunda start ARGUMENTS` on free ports, or on `ports`; its output goes to the file `log`.
    """
    run_tool(SCRIPT, "fetch", seconds=FETCHING_SECONDS)
    ports = ports or camunda_ports()
    with log.open("w") as output:
        process = subprocess.Popen(
            [SCRIPT, "start", *arguments],
            env=os.environ | {f"CAMUNDA_{use}_PORT": str(port) for use, port in ports.items()},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await_readiness(process, log)
        yield Camunda(f"localhost:{ports['GRPC']}", f"http://localhost:{ports['REST']}", process.pid)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(STOPPING_SECONDS)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """
    The npm clients, exactly as locked in tests/real/node.
    """
    return installed_node_modules()


@cache
def installed_node_modules() -> Path:
    """
    Install what tests/real/node locks, once, into the cache.

    No install script of a package is run: none of these packages needs one.
    """
    lock = NODE_PINS / "package-lock.json"
    folder = CACHE / f"node-clients-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    whole = folder / "installed"
    if not whole.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(NODE_PINS / "package.json", folder)
        shutil.copy(lock, folder)
        run_tool("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder, seconds=FETCHING_SECONDS)
        whole.touch()
    return folder / "node_modules"


@pytest.fixture(scope="session")
def zbctl(node_modules: Path) -> Path:
    """
    The Go client's program for Linux, as the npm package carries it.
    """
    return node_modules / "zbctl" / "bin" / "zbctl-cli.linux"


def camunda_ports() -> dict[str, int]:
    """
    A free port for each use that the server has for one.
    """
    uses = ("GRPC", "REST", "MANAGEMENT", "COMMAND", "INTERNAL")
    ports: set[int] = set()
    while len(ports) < len(uses):
        ports.add(free_port())
    return dict(zip(uses, ports, strict=True))


def _await_readiness(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while "is ready" not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Camunda did not become ready:\n{log.read_text()}")
        time.sleep(0.1)


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
