"""One connection to a Redis or Valkey, and what becomes of questions while there is none."""

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha1
from typing import Protocol, TypeVar

from redis import exceptions
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.retry import Retry

from gatekey.errors import ConfigurationError
from gatekey.server.events.model import Failed, Recovered
from gatekey.server.events.ports import Observer
from gatekey.server.storage.redis.words import in_words

WHERE = "limit store"
"""What the observer is told it is about."""

KNOCK_SECONDS = 1.0
"""Between two attempts to reach a store that is away: it costs at most one timeout a second, in a thread of its own."""

RESP2 = 2
"""The protocol that every Redis and Valkey speaks."""


ANSWERS = re.compile(rb"(admitted|limited) [0-9]{1,16}|blocked [0-9]{1,16} [0-9]{1,16}")
"""What the script says; numbers are below 2^53."""

Answer = TypeVar("Answer")


class Connection(Protocol):
    """
    What we need of the library's connections, of whatever kind. Their questions would cost twice as much by its
    client.
    """

    def connect(self) -> None:
        """Connect and log in."""

    def disconnect(self) -> None:
        """Close."""

    def send_packed_command(self, command: list[bytes], *, check_health: bool) -> None:
        """Send bytes."""

    def read_response(self) -> object:
        """Return one answer, or raise the error that it is."""


class StoreAway(Exception):
    """The store cannot be asked now; whoever asks does without it."""


class RedisLink:
    """
    Asks `script` over one connection that is used again, one question at a time; any thread may ask.

    A question waits for its answer as long as `connect` has said. One that gets none, or an error, begins an outage:
    the observer is told once, questions are turned away (`StoreAway`), and a thread knocks every `pause` seconds with a
    real question until one is answered well. Then the observer is told again. A store that is only full is asked
    on: it still knows who is blocked.

    A connection that was merely closed (by a proxy, for being idle) is made anew on the spot, and the question asked
    again: in the worst case it is counted twice.
    """

    def __init__(
        self, connect: Callable[[], Connection], script: str, observer: Observer, pause: float = KNOCK_SECONDS
    ) -> None:
        self._connect = connect
        self._observer = observer
        self._pause = pause
        self._full = _command("EVAL", script)
        self._short = _command("EVALSHA", sha1(script.encode(), usedforsecurity=False).hexdigest())
        self._probe = (b"", b"")
        self._turn = threading.Lock()
        self._connection: Connection | None = None
        self._outage = ""
        """What the observer was told last; empty when all is well."""
        self._closing = threading.Event()
        self._knocking: threading.Thread | None = None

    def start(self, key: str, arguments: bytes) -> None:
        """Connect, and ask what any later knock will ask. Never raises: an outage may begin at once."""
        self._probe = (pack(key), arguments)
        with self._turn:
            try:
                self._connection = self._connected()
            except Exception as error:  # noqa: BLE001 - libraries raise what they like; any of it means: not connected
                self._begin_outage(error)

    def close(self) -> None:
        """Disconnect and stop knocking."""
        self._closing.set()
        with self._turn:
            self._drop()
            knocking, self._knocking = self._knocking, None
        if knocking is not None:
            knocking.join()

    def run(self, key: str, arguments: bytes) -> bytes:
        """Run the script on one key with packed arguments and return what it says. Raises `StoreAway`."""
        return self._ask(lambda connection: self._run(connection, pack(key), arguments))

    def delete(self, key: str) -> bool:
        """Delete a key and say whether it was there. Raises `StoreAway`."""
        return self._ask(lambda connection: _exchange(connection, b"*2\r\n" + pack("DEL", key))) == 1

    def _ask(self, question: Callable[[Connection], Answer]) -> Answer:
        with self._turn:
            connection = self._connection
            if connection is None:
                raise StoreAway
            try:
                try:
                    return question(connection)
                except exceptions.ConnectionError as error:
                    if type(error) is not exceptions.ConnectionError:
                        raise  # it answered, and said no
                    connection.disconnect()
                    connection.connect()
                    return question(connection)
            except exceptions.OutOfMemoryError as error:
                self._begin_outage(error)
                raise StoreAway from error
            except Exception as error:
                self._drop()
                self._begin_outage(error)
                raise StoreAway from error

    def _run(self, connection: Connection, key: bytes, arguments: bytes) -> bytes:
        try:
            answer = _exchange(connection, self._short + key + arguments)
        except exceptions.NoScriptError:
            answer = _exchange(connection, self._full + key + arguments)
        if not isinstance(answer, bytes) or not ANSWERS.fullmatch(answer):
            raise exceptions.InvalidResponse
        return answer

    def _connected(self) -> Connection:
        """Return a connection on which a question was answered well."""
        connection = self._connect()
        try:
            connection.connect()
            self._run(connection, *self._probe)
        except BaseException:
            connection.disconnect()
            raise
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.disconnect()
            self._connection = None

    def _begin_outage(self, error: Exception) -> None:
        self._tell_of(error)
        if self._knocking is None and not self._closing.is_set():
            self._knocking = threading.Thread(target=self._knock, name="limit store", daemon=True)
            self._knocking.start()

    def _tell_of(self, error: Exception) -> None:
        words = in_words(error)
        if words != self._outage:
            self._outage = words
            self._observer.tell(Failed(WHERE, words, lasts=True))

    def _knock(self) -> None:
        while not self._closing.wait(self._pause):
            try:
                connection = self._connected()
            except Exception as error:  # noqa: BLE001 - see start
                with self._turn:
                    self._tell_of(error)
                continue
            with self._turn:
                if self._closing.is_set():
                    connection.disconnect()
                    return
                self._drop()
                self._connection, self._knocking, self._outage = connection, None, ""
                self._observer.tell(Recovered(WHERE))
            return


def connector(url: str, secret: str | None, timeout: float) -> Callable[[], Connection]:
    """
    Return what makes connections by a `redis://`, `rediss://` or `unix://` URL, with a secret where the URL has none.

    Raises `ConfigurationError`, which never quotes the URL.
    """
    try:
        pool: ConnectionPool = ConnectionPool.from_url(
            url,
            password=secret,
            protocol=RESP2,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        )
        pool.make_connection()
    except (ValueError, TypeError, exceptions.RedisError):
        raise ConfigurationError(
            "GATEKEY_LIMIT_STORE is no URL of a Redis or Valkey.",
            hint="Such as redis://user@host:6379/0, rediss://host:6379 (TLS) or unix:///run/redis.sock.",
        ) from None
    return lambda: pool.connection_class(**pool.connection_kwargs)


def pack(*parts: str) -> bytes:
    """Return texts as the protocol has them inside a command."""
    return b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in map(str.encode, parts))


ARGUMENTS = 9
"""Of the script."""


def _command(word: str, script: str) -> bytes:
    return b"*%d\r\n" % (3 + 1 + ARGUMENTS) + pack(word, script, "1")


def _exchange(connection: Connection, request: bytes) -> object:
    connection.send_packed_command([request], check_health=False)
    return connection.read_response()
