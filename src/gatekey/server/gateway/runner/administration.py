"""Envoy's own administration interface, over a socket in our folder."""

import asyncio
import http.client
import socket
from pathlib import Path
from urllib.parse import quote

ANSWER_TIMEOUT = 5.0
"""Seconds; Envoy answers within milliseconds, also under load, from a thread of its own."""


class Administration:
    """Asks one Envoy about itself. Every method raises OSError or http.client.HTTPException if it cannot be asked."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def ready(self) -> bool:
        """Whether calls are taken."""
        status, _ = await self._ask("GET", "/ready")
        return status == http.client.OK

    async def statistics(self, pattern: str) -> dict[str, str]:
        """Return the statistics whose names match `pattern`, texts without their quotes."""
        _, body = await self._ask("GET", f"/stats?filter={pattern}")
        pairs = (line.partition(": ") for line in body.splitlines())
        return {name: value.strip('"') for name, _, value in pairs}

    def counts(self, pattern: str) -> dict[str, int]:
        """Return the numbers whose names match `pattern`; waits for the answer, so it is for threads."""
        _, body = self._ask_now("GET", f"/stats?filter={quote(pattern)}")
        pairs = (line.partition(": ") for line in body.splitlines())
        return {name: int(value) for name, _, value in pairs if value.isdecimal()}

    async def drain(self) -> None:
        """
        Say at the health endpoint that no calls are wanted, take no new connections, ask clients of others to
        leave.
        """
        await self._ask("POST", "/healthcheck/fail")
        await self._ask("POST", "/drain_listeners?graceful")

    async def _ask(self, method: str, target: str) -> tuple[int, str]:
        return await asyncio.to_thread(self._ask_now, method, target)

    def _ask_now(self, method: str, target: str) -> tuple[int, str]:
        connection = _UnixConnection(self._path)
        try:
            connection.request(method, target)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("administration", timeout=ANSWER_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_TIMEOUT)
        self.sock.connect(str(self._path))
