"""
The limiter of several processes, asked by real processes, some of which are killed.

Nothing here depends on how fast the machine is: the clock is a word of a file that the test alone moves, and the
processes are watched by counting their questions.
"""

import itertools
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path

import pytest

from gatekey.server.limits.model import SECOND, Admitted, Blocked, Limited, LimitPolicy
from gatekey.server.limits.shared import SharedLimiter
from support.askers import DEADLINE, HOT, Scoreboard, hammer, policy_of, told, wait_for_questions
from support.askers import running as run_program

START = 5_000 * SECOND


# ── what the processes do; this file is their program, too ──


def run_hammering(table: str, board: str, burst: str, worker: str) -> None:
    """
    Ask for the same address until killed.
    """
    shared = Scoreboard(Path(board))
    hammer(SharedLimiter.open(Path(table), policy_of(burst), lambda: shared.now), shared, int(worker))


def run_forking(table: str, board: str, burst: str, workers: str, kills: str) -> None:
    """
    Open the table once, then fork workers from here: after each few questions one is killed and another forked.
    """
    shared = Scoreboard(Path(board))
    limiter = SharedLimiter.open(Path(table), policy_of(burst), lambda: shared.now)
    children: dict[int, int] = {}

    def fork(worker: int) -> None:
        children[worker] = os.fork()
        if not children[worker]:
            hammer(limiter, shared, worker)

    for worker in range(int(workers)):
        fork(worker)
    for kill in range(int(kills)):
        victim = kill % int(workers)
        wait_for_questions(shared, [victim], 1 + kill % 7)
        os.kill(children[victim], signal.SIGKILL)
        os.waitpid(children[victim], 0)
        fork(victim)
    wait_for_questions(shared, range(int(workers)), 1)
    for child in children.values():
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    while limiter.ask(HOT) == Admitted():
        shared.count(int(workers), admitted=True)


def run_threaded(table: str, forks: str) -> None:
    """
    Fork again and again while another thread is asking; each child asks once.
    """
    # Python 3.12 and newer warn of what is tried here.
    warnings.simplefilter("ignore", DeprecationWarning)
    limiter = SharedLimiter.open(Path(table), LimitPolicy(), lambda: START)
    threading.Thread(target=lambda: [limiter.ask(f"{number}") for number in itertools.count()], daemon=True).start()
    for _ in range(int(forks)):
        child = os.fork()
        if not child:
            limiter.ask(HOT)
            os._exit(0)
        os.waitpid(child, 0)
    sys.stdout.write("all children have asked")
    sys.stdout.flush()
    os._exit(0)


def run_dying(table: str, *addresses: str) -> None:
    """
    Be killed inside a decision, after the addresses were asked for.
    """
    left = iter(addresses)

    def clock() -> int:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return START

    limiter = SharedLimiter.open(Path(table), LimitPolicy(), clock)
    for address in (*addresses, HOT):
        limiter.ask(address)


def run_asking(table: str, times: str) -> None:
    """
    Ask for the hot address and print the first letters of the verdicts.
    """
    limiter = SharedLimiter.open(Path(table), LimitPolicy(), lambda: START)
    sys.stdout.write("".join(type(limiter.ask(HOT)).__name__[0] for _ in range(int(times))))


def run_flooding(table: str, prefix: str, count: str) -> None:
    """
    Ask once for each of many addresses and print how often the answer was yes; the clock stands, so none of the
    addresses comes to rest.
    """
    limiter = SharedLimiter.open(Path(table), LimitPolicy(), lambda: START)
    verdicts = [limiter.ask(f"{prefix}:{number:x}::/64") for number in range(int(count))]
    sys.stdout.write(f"{verdicts.count(Admitted())} admitted")


# ── the tests ──


def running(role: str, *arguments: object) -> AbstractContextManager[subprocess.Popen[str]]:
    return run_program(__file__, role, *arguments)


def run(role: str, *arguments: object) -> str:
    with running(role, *arguments) as process:
        return told(process)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "limits"
    SharedLimiter.create(path, capacity=1024)
    return path


@pytest.fixture
def board(tmp_path: Path) -> Scoreboard:
    made = Scoreboard(tmp_path / "board")
    made.now = START
    return made


def test_one_address_gets_exactly_its_burst_and_its_rate_from_all_processes_together(
    table: Path, board: Scoreboard
) -> None:
    burst, steps, step = 100, 60, 350 * SECOND // 1000
    workers = range(3)

    with ExitStack() as stack:
        for worker in workers:
            stack.enter_context(running("hammering", table, board.path, burst, worker))
        wait_for_questions(board, workers, 1)
        for _ in range(steps):
            board.now += step
            # The first of two questions may have read the clock before it moved.
            wait_for_questions(board, workers, 2)
    admitted = [board.admitted(worker) for worker in workers]

    assert burst + steps * step // SECOND == sum(admitted)


def test_killing_workers_again_and_again_neither_stops_the_others_nor_gives_anybody_more(
    table: Path, board: Scoreboard
) -> None:
    burst, workers, kills = 5000, 3, 100
    run("forking", table, board.path, burst, workers, kills)
    admitted = sum(board.admitted(worker) for worker in range(workers + 1))

    # Who is killed between the decision and its counting was admitted without being counted.
    assert burst - kills - workers <= admitted <= burst
    with closing(SharedLimiter.open(table, policy_of(str(burst)), lambda: START)) as limiter:
        assert Limited(1) == limiter.ask(HOT)


def test_a_worker_that_is_killed_inside_a_decision_holds_up_nobody_and_spends_nothing(table: Path) -> None:
    with running("dying", table, *[HOT] * 4) as dying:
        assert -signal.SIGKILL == dying.wait(DEADLINE)

    assert "AAAAAAL" == run("asking", table, 7)


def test_a_child_that_is_forked_while_a_thread_asks_can_ask_too(table: Path) -> None:
    assert "all children have asked" == run("threaded", table, 100)


def test_a_block_holds_in_every_process(table: Path) -> None:
    assert "A" * 10 + "L" * 29 + "B" == run("asking", table, 40)
    assert "BB" == run("asking", table, 2)


def test_a_flood_of_addresses_from_several_processes_frees_no_blocked_one(table: Path) -> None:
    blocked = [f"198.51.100.{number}" for number in range(100)]
    with closing(SharedLimiter.open(table, LimitPolicy(), lambda: START)) as limiter:
        for address in blocked * 40:
            limiter.ask(address)
        with (
            running("flooding", table, "2001:db8", 50_000) as one,
            running("flooding", table, "2001:db9", 50_000) as other,
        ):
            assert ["50000 admitted"] * 2 == [told(one), told(other)]
        assert {Blocked(60, START + 60 * SECOND)} == {limiter.ask(address) for address in blocked}


def test_an_address_cannot_be_forgotten_by_a_flood_of_its_neighbours(table: Path) -> None:
    """
    Here it is spent budget, not a block, that somebody tries to get rid of: a hundred thousand addresses do not do it.
    """
    with closing(SharedLimiter.open(table, LimitPolicy(), lambda: START)) as limiter:
        for _ in range(12):
            limiter.ask(HOT)
        run("flooding", table, "2001:db8", 100_000)

        assert Limited(1) == limiter.ask(HOT)


ROLES: dict[str, Callable[..., None]] = {
    "hammering": run_hammering,
    "forking": run_forking,
    "threaded": run_threaded,
    "dying": run_dying,
    "asking": run_asking,
    "flooding": run_flooding,
}

if __name__ == "__main__":
    ROLES[sys.argv[1]](*sys.argv[2:])
