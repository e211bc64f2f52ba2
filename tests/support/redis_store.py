"""
A really running Redis or Valkey, on loopback or a Unix socket, with a limiter over it.
"""

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from gatekey.server.events.ports import Observer
from gatekey.server.limits.fallback import AdmitAll
from gatekey.server.limits.model import LimitPolicy
from gatekey.server.limits.ports import Limiter
from gatekey.server.storage.redis.limiter import SCRIPT, RedisLimiter
from gatekey.server.storage.redis.link import RedisLink, connector
from support.ports import free_port
from support.redis_hammering import KEY
from support.service import PATIENCE, Memory, eventually

PROGRAMS = ("redis-server", "valkey-server")


def find_server() -> str:
    """
    Return the program; where there is none, the test is listed as NOT RUN.
    """
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        pytest.skip("neither redis-server nor valkey-server is installed on this machine")
    return found


@dataclass
class RedisServer:
    """
    One server whose data is in `folder`; it can be stopped, killed and started again on the same port.
    """

    folder: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"unix://{self.folder}/redis.sock"

    def start(self) -> None:
        """
        Start it and wait until it answers, if only with an error.
        """
        here = ("--bind", "127.0.0.1", "--port", str(self.port), "--unixsocket", str(self.folder / "redis.sock"))
        command = [find_server(), *here, "--dir", str(self.folder), "--save", "", *self.options]
        with (self.folder / "redis.log").open("ab") as said:
            self.process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        eventually(self._answers)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "redis.log").read_text()
        try:
            with self.client() as client:
                client.ping()
        except redis.ConnectionError as error:
            return isinstance(error, redis.AuthenticationError)
        return True

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """
        End it by a signal.
        """
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)
            self.process.wait(PATIENCE)
            self.process = None

    def client(self, **named: str) -> redis.Redis:
        """
        Return the library's own client, by which tests look at the server from outside.
        """
        return redis.Redis(port=self.port, socket_timeout=PATIENCE, retry=Retry(NoBackoff(), 0), **named)  # type: ignore[arg-type] # user and secret


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[RedisServer]:
    """
    Run a server that keeps nothing on disk unless its options say so.
    """
    server = RedisServer(folder, options)
    try:
        server.start()
        yield server
    finally:
        server.end()


@contextmanager
def redis_limiter(  # noqa: PLR0913 - all but the first have defaults
    url: str,
    policy: LimitPolicy,
    clock: Callable[[], int] | None = None,
    *,
    key: bytes = KEY,
    fallback: Limiter | None = None,
    observer: Observer | None = None,
    timeout: float = PATIENCE,
    pause: float = 0.01,
    secret: str | None = None,
) -> Iterator[RedisLimiter]:
    """
    Open a limiter over a server; while that is away, all are admitted, and it is knocked at without rest.
    """
    link = RedisLink(connector(url, secret, timeout), SCRIPT, observer or Memory(), pause)
    limiter = RedisLimiter(link, policy, key, AdmitAll() if fallback is None else fallback, clock)
    limiter.start()
    try:
        yield limiter
    finally:
        limiter.close()
