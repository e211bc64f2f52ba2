"""
The limiter of several hosts against a real server: asked by real processes, restarted, emptied, overfull.
"""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gatekey.server.events.model import Failed, Recovered
from gatekey.server.limits.model import SECOND, Admitted, Blocked, Limited, LimitPolicy
from gatekey.server.storage.redis.limiter import RedisLimiter
from support.askers import DEADLINE, HOT, Scoreboard, policy_of, running, wait_for_questions
from support.certificates import write_certificate
from support.ports import free_port
from support.redis_hammering import PROGRAM
from support.redis_store import RedisServer, redis_limiter, redis_server
from support.service import Memory

START = 5_000 * SECOND
BLOCKING = LimitPolicy(block_for=3600)
FULL = Failed("limit store", "the store is full: it knows who is blocked, and takes nothing new", lasts=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def board(tmp_path: Path) -> Scoreboard:
    made = Scoreboard(tmp_path / "board")
    made.now = START
    return made


def blocked(limiter: RedisLimiter, address: str = HOT) -> bool:
    for _ in range(41):
        verdict = limiter.ask(address)
    return isinstance(verdict, Blocked)


def test_one_address_gets_exactly_its_burst_and_its_rate_from_all_processes_together(
    store: RedisServer, board: Scoreboard
) -> None:
    burst, steps, step, workers = 100, 60, 350 * SECOND // 1000, range(3)

    with ExitStack() as stack:
        for worker in workers:
            stack.enter_context(running(PROGRAM, store.url, board.path, burst, worker))
        wait_for_questions(board, workers, 1)
        for _ in range(steps):
            board.now += step
            # The first of two questions may have read the clock before it moved.
            wait_for_questions(board, workers, 2)
    admitted = [board.admitted(worker) for worker in workers]

    # Who is killed after the store's decision and before its counting was admitted without being counted.
    assert burst + steps * step // SECOND - len(workers) <= sum(admitted) <= burst + steps * step // SECOND


def test_a_worker_killed_at_any_instant_holds_up_nobody_and_gives_nobody_more(
    store: RedisServer, board: Scoreboard
) -> None:
    burst, kills = 5000, 4
    with ExitStack() as stack:
        hammering = [
            stack.enter_context(running(PROGRAM, store.url, board.path, burst, worker)) for worker in range(1 + kills)
        ]
        for kill in range(1, 1 + kills):
            wait_for_questions(board, [kill], 1 + kill % 7)
            hammering[kill].send_signal(signal.SIGKILL)
            hammering[kill].wait(DEADLINE)
            wait_for_questions(board, [0], 2)
    admitted = sum(board.admitted(worker) for worker in range(1 + kills))
    with redis_limiter(store.url, policy_of(str(burst)), lambda: START) as limiter:
        while limiter.ask(HOT) == Admitted():
            admitted += 1

        assert Limited(1) == limiter.ask(HOT)
    assert burst - kills - 1 <= admitted <= burst


def test_two_hosts_share_a_block_and_another_installation_does_not(store: RedisServer) -> None:
    with (
        redis_limiter(store.url, BLOCKING) as one,
        redis_limiter(store.url, BLOCKING) as other,
        redis_limiter(store.url, BLOCKING, key=b"of another installation") as stranger,
    ):
        assert blocked(one)
        assert isinstance(other.ask(HOT), Blocked)
        assert Admitted() == stranger.ask(HOT)


def test_a_store_behind_tls_is_asked_when_its_certificate_is_trusted(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    port, told = free_port(), Memory()
    tls = ("--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    url = f"rediss://localhost:{port}"
    with redis_server(tmp_path, *tls, "--tls-auth-clients", "no"):
        with redis_limiter(f"{url}?ssl_ca_certs={certificate}", LimitPolicy(burst=1)) as trusting:
            assert [Admitted(), Limited(1)] == [trusting.ask(HOT) for _ in range(2)]
        with redis_limiter(url, LimitPolicy(burst=1), observer=told) as doubting:
            assert [Admitted(), Admitted()] == [doubting.ask(HOT) for _ in range(2)]
    assert [Failed("limit store", "the store cannot be reached", lasts=True)] == told.events


def test_an_unblocked_address_is_free_on_every_host(store: RedisServer) -> None:
    with redis_limiter(store.url, BLOCKING) as one, redis_limiter(store.url, BLOCKING) as other:
        assert blocked(one)
        assert other.forget(HOT)
        assert Admitted() == one.ask(HOT)


def test_the_store_sees_no_address_and_forgets_who_is_at_rest(store: RedisServer) -> None:
    with redis_limiter(store.url, LimitPolicy(rate=1 / 3600)) as limiter, store.client() as client:
        limiter.ask(HOT)
        keys = client.keys("*")
        lasts = client.pttl(limiter.name_of(HOT))

    assert isinstance(keys, list)
    assert not any(HOT.encode() in key for key in keys)
    assert {b"gatekey"} == {key.split(b":")[0] for key in keys}
    assert isinstance(lasts, int)
    assert 3_540_000 < lasts <= 3_600_002


def test_a_block_survives_a_restart_of_the_store_that_writes_to_disk(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as store:
        with redis_limiter(store.url, BLOCKING) as limiter:
            assert blocked(limiter)
        store.end(signal.SIGKILL)
        store.start()
        with redis_limiter(store.url, BLOCKING) as limiter:
            assert isinstance(limiter.ask(HOT), Blocked)


def test_a_store_that_keeps_nothing_on_disk_forgives_all_by_a_restart(store: RedisServer) -> None:
    with redis_limiter(store.url, BLOCKING) as limiter:
        assert blocked(limiter)
    store.end()
    store.start()
    with redis_limiter(store.url, BLOCKING) as limiter:
        assert Admitted() == limiter.ask(HOT)


def test_flushing_the_store_forgives_all_and_stops_nothing(store: RedisServer) -> None:
    memory = Memory()
    with redis_limiter(store.url, BLOCKING, observer=memory) as limiter, store.client() as client:
        assert blocked(limiter)
        client.flushall()
        client.script_flush()
        assert [Admitted()] * 10 + [Limited(1)] == [limiter.ask(HOT) for _ in range(11)]
    assert [] == memory.events


def overfill(store: RedisServer, limiter: RedisLimiter, room: int) -> int:
    """
    Leave the store so many bytes, ask for far more addresses than fit, and return how many of them it remembers.
    """
    with store.client() as client:
        used = client.info("memory")["used_memory"]
        client.config_set("maxmemory", used + room)
        for number in range(20_000):
            limiter.ask(f"2001:db8:{number:x}::/64")
        return int(client.dbsize())


def test_a_store_that_evicts_by_ttl_forgets_passers_by_before_anybody_blocked(tmp_path: Path) -> None:
    addresses = [f"198.51.100.{number}" for number in range(20)]
    with (
        redis_server(tmp_path, "--maxmemory-policy", "volatile-ttl") as store,
        redis_limiter(store.url, BLOCKING, lambda: START) as limiter,
    ):
        assert [True] * len(addresses) == [blocked(limiter, address) for address in addresses]
        assert overfill(store, limiter, 500_000) < 10_000
        assert all(isinstance(limiter.ask(address), Blocked) for address in addresses)


def test_a_full_store_that_evicts_nothing_still_knows_who_is_blocked(tmp_path: Path) -> None:
    memory = Memory()
    with (
        redis_server(tmp_path, "--maxmemory-policy", "noeviction") as store,
        redis_limiter(store.url, BLOCKING, lambda: START, observer=memory) as limiter,
    ):
        assert blocked(limiter)
        assert overfill(store, limiter, 500_000) < 10_000
        assert isinstance(limiter.ask(HOT), Blocked)
        assert Admitted() == limiter.ask("a newcomer")
    # A key that ends may make room for a moment: then it has recovered, and is full again.
    assert [FULL] == [*dict.fromkeys(each for each in memory.events if each != Recovered(FULL.where))]
