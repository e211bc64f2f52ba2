"""
A store that is away, silent, or answers with errors: what requests hear, what the operator is told, how it ends.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gatekey.errors import StorageUnavailable
from gatekey.server.events.model import Event, Failed, Recovered
from gatekey.server.limits.fallback import AdmitNone
from gatekey.server.limits.model import SECOND, Admitted, Blocked, Limited, LimitPolicy
from gatekey.server.limits.shared import SharedLimiter
from support.ports import free_port
from support.redis_store import RedisServer, redis_limiter, redis_server
from support.service import PATIENCE, Memory, eventually, host_limiter

POLICY = LimitPolicy(rate=1 / 3600, burst=5, block_for=3600)
HOT = "192.0.2.1"
NEVER = 3600.0
"""Seconds between two knocks, where none is to be heard."""

BACK = Recovered("limit store")


def failed(words: str) -> Failed:
    return Failed("limit store", words, lasts=True)


UNREACHABLE = failed("the store cannot be reached")
SILENT = failed("the store does not answer in time")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def told() -> Memory:
    return Memory()


def local() -> SharedLimiter:
    return host_limiter(POLICY, lambda: SECOND)


class StandIn:
    """
    A server that takes whatever comes and says always the same, or nothing; it counts the questions.
    """

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.questions = 0
        self.url = f"redis://127.0.0.1:{self._listening.getsockname()[1]}"

    def serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _ = self._listening.accept()
                self._open.append(connection)
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while asked := connection.recv(65_536):
                self.questions += b"EVALSHA" in asked
                connection.sendall(self._answer)

    def end(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        for each in (self._listening, *self._open):
            each.close()


@contextmanager
def stand_in(answer: bytes) -> Iterator[StandIn]:
    server = StandIn(answer)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.end()
        thread.join(PATIENCE)


def test_a_store_that_stops_and_comes_back_is_told_once_each_and_limits_again(store: RedisServer, told: Memory) -> None:
    with redis_limiter(store.url, POLICY, observer=told) as limiter:
        before = [limiter.ask(HOT) for _ in range(6)]
        store.end()
        during = [limiter.ask(HOT) for _ in range(20)]
        assert [UNREACHABLE] == told.events
        store.start()
        eventually(lambda: BACK in told.events)
        after = [limiter.ask(HOT) for _ in range(6)]

    assert [Admitted()] * 5 + [Limited(30)] == before == after
    assert [Admitted()] * 20 == during
    assert [UNREACHABLE, BACK] == told.events


def test_while_the_store_is_away_each_host_limits_alone(store: RedisServer, told: Memory) -> None:
    with redis_limiter(store.url, POLICY, fallback=local(), observer=told) as limiter:
        store.end()

        assert [Admitted()] * 5 + [Limited(30)] == [limiter.ask(HOT) for _ in range(6)]


def test_a_policy_for_one_question_holds_while_the_store_is_away_too(store: RedisServer) -> None:
    with redis_limiter(store.url, POLICY, fallback=local()) as limiter:
        store.end()

        assert [Admitted(), Limited(1)] == [limiter.ask(HOT, LimitPolicy(burst=1)) for _ in range(2)]


def test_whoever_wants_no_service_without_a_limit_gets_none(store: RedisServer) -> None:
    with redis_limiter(store.url, POLICY, fallback=AdmitNone()) as limiter:
        store.end()
        with pytest.raises(StorageUnavailable):
            limiter.ask(HOT)


def test_an_address_cannot_be_unblocked_while_the_store_is_away_and_nobody_says_that_it_was(store: RedisServer) -> None:
    with redis_limiter(store.url, POLICY) as limiter:
        store.end()
        with pytest.raises(StorageUnavailable):
            limiter.forget(HOT)


def test_a_store_that_is_not_there_at_the_start_is_found_later(store: RedisServer, told: Memory) -> None:
    store.end()
    with redis_limiter(store.url, POLICY, fallback=local(), observer=told) as limiter:
        assert Admitted() == limiter.ask(HOT)
        store.start()
        eventually(lambda: BACK in told.events)

    assert [UNREACHABLE, BACK] == told.events


def test_a_silent_store_is_asked_once_and_then_left_alone(told: Memory) -> None:
    with (
        stand_in(b"") as silent,
        redis_limiter(silent.url, POLICY, observer=told, timeout=0.05, pause=NEVER) as limiter,
    ):
        assert {Admitted()} == {limiter.ask(HOT) for _ in range(1000)}
        assert silent.questions <= 1

    assert [SILENT] == told.events


def test_a_store_that_falls_silent_costs_one_timeout(store: RedisServer, told: Memory) -> None:
    with (
        redis_limiter(store.url, POLICY, observer=told, timeout=0.05, pause=NEVER) as limiter,
        store.client() as client,
    ):
        limiter.ask(HOT)
        client.client_pause(60_000)
        assert {Admitted()} == {limiter.ask(HOT) for _ in range(1000)}

    assert [SILENT] == told.events


def test_an_answer_that_comes_too_late_is_not_taken_for_another_question_s(store: RedisServer, told: Memory) -> None:
    with (
        redis_limiter(store.url, POLICY, fallback=local(), observer=told, timeout=0.2) as limiter,
        store.client() as client,
    ):
        for _ in range(40):
            limiter.ask(HOT)
        client.client_pause(1000)
        limiter.ask(HOT)
        eventually(lambda: BACK in told.events)

        assert Admitted() == limiter.ask("192.0.2.2")
        assert isinstance(limiter.ask(HOT), Blocked)


def test_a_connection_that_was_closed_for_being_idle_is_no_outage(store: RedisServer, told: Memory) -> None:
    with redis_limiter(store.url, POLICY, observer=told, pause=NEVER) as limiter, store.client() as client:
        asked = [limiter.ask(HOT) for _ in range(3)]
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        asked += [limiter.ask(HOT) for _ in range(3)]

    assert [Admitted()] * 5 + [Limited(30)] == asked
    assert [] == told.events


def test_a_wrong_secret_is_told_as_one_and_the_right_one_works(tmp_path: Path, told: Memory) -> None:
    with redis_server(tmp_path, "--requirepass", "right") as store:
        with redis_limiter(store.url, POLICY, observer=told, secret="wrong", pause=NEVER) as limiter:
            assert Admitted() == limiter.ask(HOT)
        with redis_limiter(store.url, POLICY, observer=told, pause=NEVER) as limiter:
            assert Admitted() == limiter.ask(HOT)
        assert [failed("the store refuses our user or secret")] * 2 == told.events
        with redis_limiter(store.url, LimitPolicy(burst=1), secret="right") as limiter:
            assert [Admitted(), Limited(1)] == [limiter.ask(HOT) for _ in range(2)]


def test_a_user_with_just_the_rights_that_are_documented_is_enough(store: RedisServer, told: Memory) -> None:
    rights = ["resetchannels", "~gatekey:*", "+evalsha", "+eval", "+time", "+get", "+set", "+del"]
    url = store.url.replace("redis://", "redis://limits:a-secret@")
    with store.client() as client:
        client.execute_command("ACL", "SETUSER", "limits", "on", ">a-secret", *rights)
        with redis_limiter(url, LimitPolicy(burst=1), observer=told) as limiter:
            assert [Admitted(), Limited(1)] == [limiter.ask(HOT) for _ in range(2)]
            assert limiter.forget(HOT)
        assert [] == told.events
        client.execute_command("ACL", "SETUSER", "limits", "-set")
        with redis_limiter(url, POLICY, observer=told, pause=NEVER) as limiter:
            assert Admitted() == limiter.ask(HOT)

    assert [failed("the store forbids our user EVALSHA, EVAL, TIME, GET, SET or DEL on gatekey:*")] == told.events


def test_a_store_that_becomes_a_replica_is_left_until_it_takes_writes_again(
    store: RedisServer, told: Memory, tmp_path: Path
) -> None:
    (tmp_path / "primary").mkdir()
    with redis_server(tmp_path / "primary") as primary, redis_limiter(store.url, POLICY, observer=told) as limiter:
        with store.client() as client:
            client.replicaof("127.0.0.1", primary.port)
            assert Admitted() == limiter.ask(HOT)
            client.replicaof("NO", "ONE")
        eventually(lambda: BACK in told.events)

    assert failed("this store is a replica and takes no writes") == told.events[0]


def test_a_cluster_is_refused_in_words(tmp_path: Path, told: Memory) -> None:
    with (
        redis_server(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(free_port())) as store,
        redis_limiter(store.url, POLICY, observer=told, pause=NEVER) as limiter,
    ):
        assert Admitted() == limiter.ask(HOT)

    assert [failed("the store is a cluster, which is not supported")] == told.events


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", "the store is still loading its data"),
        (b"-MOVED 3999 127.0.0.1:6381\r\n", "the store is a cluster, which is not supported"),
        (b"-MISCONF Errors writing to disk\r\n", "the store refuses to work (MISCONF)"),
        (b"-Something else\r\n", "the store refuses to work"),
        (b"$8\r\nnonsense\r\n", "the store answers what no store would"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the store answers what no store would"),
    ],
)
def test_whatever_a_store_answers_nobody_is_refused_for_it(answer: bytes, words: str, told: Memory) -> None:
    with stand_in(answer) as strange, redis_limiter(strange.url, POLICY, observer=told, pause=NEVER) as limiter:
        assert Admitted() == limiter.ask(HOT)

    assert [failed(words)] == told.events


def test_a_trouble_that_turns_into_another_is_told_again(store: RedisServer, told: Memory) -> None:
    events: list[Event] = told.events
    with redis_limiter(store.url, POLICY, observer=told, secret="not needed yet"):
        store.end()
        store.options = ("--requirepass", "another")
        store.start()
        eventually(lambda: failed("the store refuses our user or secret") in events)

    assert BACK not in events
