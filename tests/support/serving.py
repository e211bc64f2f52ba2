"""
`gatekey serve` in a process of its own that need not import first: that is two thirds of a start.

The process is forked from one that has imported the service. It has its own environment, output, signals and exit code;
where what a start imports is the point, it is not preloaded: the command itself is run.
"""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from gatekey.cli import main
from support.command import GATEKEY
from support.waiting import wait_until

NUMBERS = count()
_ALONE = threading.Lock()


@dataclass(frozen=True)
class Serving:
    """
    A process, as subprocess.Popen has it; what it says is in files.
    """

    folder: Path
    pid: int

    @property
    def printed(self) -> str:
        return (self.folder / "printed").read_text()

    @property
    def errors(self) -> str:
        return (self.folder / "errors").read_text()

    def poll(self) -> int | None:
        """
        Return its exit code, None while it runs.
        """
        code = self.folder / "code"
        return int(code.read_text()) if code.exists() else None

    def wait(self, seconds: float) -> int:
        wait_until(lambda: self.poll() is not None, seconds)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start_serving(arguments: Sequence[str], environment: Mapping[str, str], *, preloaded: bool) -> Serving:
    """
    Start `gatekey serve …` in the present folder with exactly this environment.
    """
    starter, parent = _starter()
    folder = parent / str(next(NUMBERS))
    folder.mkdir()
    told = {
        "words": [str(GATEKEY), "serve", *arguments],
        "environment": dict(environment),
        "folder": str(folder),
        "directory": str(Path.cwd()),
        "preloaded": preloaded,
    }
    assert starter.stdin is not None
    with _ALONE:
        starter.stdin.write(f"{json.dumps(told)}\n")
        starter.stdin.flush()
    wait_until((folder / "pid").exists)
    return Serving(folder, int((folder / "pid").read_text()))


@cache
def _starter() -> tuple[subprocess.Popen[str], Path]:
    folder = Path(tempfile.mkdtemp(prefix="gatekey-served-"))
    starter = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        start_new_session=True,  # Ctrl-C is for the tests, which end what they have started
    )

    def end() -> None:
        starter.communicate()
        shutil.rmtree(folder)

    atexit.register(end)
    return starter, folder


def _fork_for_each_line() -> None:
    """
    Return in each process that is to serve; ends with the input.
    """
    import gatekey.cli.service.serve
    import gatekey.server.run.installation
    import gatekey.server.run.service  # noqa: F401 - not prometheus_client: `serve` decides how it counts, before

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return _serve(json.loads(line))
    sys.exit()


def _serve(told: dict[str, Any]) -> None:
    """
    Fork once more: the parent tells the id and the exit code, the child is to serve.
    """
    folder = Path(told["folder"])
    for descriptor, name in enumerate((os.devnull, "printed", "errors")):
        file = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, descriptor)
        os.close(file)
    if (process := os.fork()) > 0:
        _write(folder / "pid", process)
        _write(folder / "code", os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
        os._exit(0)
    os.chdir(told["directory"])
    if not told["preloaded"]:
        os.execve(GATEKEY, told["words"], told["environment"])  # noqa: S606 - a fixed program, without a shell
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.argv = told["words"]


def _write(file: Path, number: int) -> None:
    making = file.with_suffix(".making")
    making.write_text(str(number))
    making.rename(file)


if __name__ == "__main__":
    _fork_for_each_line()
    main()
