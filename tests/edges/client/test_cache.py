"""
The folder that processes share, with real processes: many at once, killed ones, full disks, forks.
"""

import json
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatekey import DiskCache, RateLimited, TokenRefused, TokenSource
from support.scripted_server import Answer
from support.token_server import REFUSED, TokenServer, token_serving

CHILD = Path(__file__).parents[2] / "support/token_child.py"


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with token_serving() as serving:
        yield serving


def started(server: TokenServer, folder: Path, **told: Any) -> subprocess.Popen[str]:
    told = {"options": server.words | told.pop("options", {}), "folder": str(folder), **told}
    return subprocess.Popen(
        [sys.executable, str(CHILD), json.dumps(told)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def told_by(child: subprocess.Popen[str]) -> list[str]:
    output, errors = child.communicate(timeout=120)
    assert 0 == child.returncode, errors
    told: list[str] = json.loads(output)
    return told


def asked_by(server: TokenServer, folder: Path, **told: Any) -> list[str]:
    return told_by(started(server, folder, **told))


def files_in(folder: Path) -> list[str]:
    return sorted(path.name.partition("-")[0] for path in folder.iterdir())


def test_sixteen_processes_with_ten_threads_each_send_one_request(server: TokenServer, tmp_path: Path) -> None:
    children = [started(server, tmp_path / "tokens", threads=10) for _ in range(16)]

    tokens = [token for child in children for token in told_by(child)]

    assert ["t1"] * 160 == tokens
    assert 1 == len(server.token_requests)


def test_nobody_else_can_read_what_is_kept(server: TokenServer, tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    folder.mkdir(mode=0o755)

    asked_by(server, folder)

    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert not [path for path in folder.iterdir() if b"hidden-secret" in path.read_bytes()]


@pytest.mark.parametrize("moment", ["before sending", "with the answer", "while writing", "before renaming"])
def test_a_process_may_be_killed_at_any_point(server: TokenServer, tmp_path: Path, moment: str) -> None:
    folder = tmp_path / "tokens"
    killed = started(server, folder, dies=moment)
    killed.communicate(timeout=60)
    assert -signal.SIGKILL == killed.returncode
    before = len(server.token_requests)

    tokens = asked_by(server, folder) + asked_by(server, folder)

    assert [f"t{before + 1}"] * 2 == tokens
    assert ["credential", "lock"] == files_in(folder)


def test_a_file_that_was_written_half_is_as_if_missing(server: TokenServer, tmp_path: Path) -> None:
    asked_by(server, tmp_path)
    kept = next(tmp_path.glob("credential-*"))
    kept.write_bytes(kept.read_bytes()[:100])

    assert ["t2"] == asked_by(server, tmp_path)


def test_a_file_that_others_could_write_is_as_if_missing(server: TokenServer, tmp_path: Path) -> None:
    asked_by(server, tmp_path)
    next(tmp_path.glob("credential-*")).chmod(0o666)

    assert ["t2"] == asked_by(server, tmp_path)


def test_a_full_disk_costs_sharing_and_one_warning(server: TokenServer, tmp_path: Path) -> None:
    child = started(server, tmp_path, threads=10, disk_full=True)
    output, errors = child.communicate(timeout=60)

    assert ["t1"] * 10 == json.loads(output)
    assert 1 == errors.count("Tokens cannot be kept in")
    assert not list(tmp_path.glob(".writing-*"))


def test_a_folder_that_cannot_be_is_warned_about_once(
    server: TokenServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    cache = DiskCache(tmp_path / "file" / "tokens")

    tokens = [TokenSource(**server.options(cache=cache)).token().access_token.reveal() for _ in range(3)]

    assert ["t1"] * 3 == tokens
    assert [("gatekey", logging.WARNING)] == [(record.name, record.levelno) for record in caplog.records]
    assert "GATEKEY_CACHE" in caplog.text


def test_a_refusal_is_known_to_every_process(server: TokenServer, tmp_path: Path) -> None:
    server.answers = iter([REFUSED])

    assert [["token_refused"]] * 3 == [asked_by(server, tmp_path) for _ in range(3)]
    assert 1 == len(server.token_requests)


def test_a_new_secret_is_tried_at_once(server: TokenServer, tmp_path: Path) -> None:
    server.answers = iter([REFUSED])
    asked_by(server, tmp_path)
    server.answers = None

    assert ["t1"] == asked_by(server, tmp_path, options={"client_secret": "another"})


def test_a_limit_is_known_to_every_process_and_every_credential(server: TokenServer, tmp_path: Path) -> None:
    server.answers = iter([Answer(429, b"", (("Retry-After", "600"),))])

    told = [asked_by(server, tmp_path, options={"audience": audience}) for audience in ("a", "b", "c")]

    assert [["rate_limited"]] * 3 == told
    assert 1 == len(server.token_requests)


def test_what_a_process_learns_another_sees_that_runs_already(server: TokenServer, tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    ours, theirs = (
        TokenSource(**server.options(cache=DiskCache(tmp_path), clock=lambda: now[0], background=False))
        for _ in range(2)
    )
    assert "t1" == ours.token().access_token.reveal() == theirs.token().access_token.reveal()
    now[0] += 3600

    assert "t2" == ours.token().access_token.reveal() == theirs.token().access_token.reveal()
    assert 2 == len(server.token_requests)


FORK = """
import json, os, sys, threading, time
from gatekey import DiskCache, TokenSource
told = json.loads(sys.argv[1])
source = TokenSource(**told["options"], cache=DiskCache(told["folder"]))
asking = threading.Thread(target=source.token, daemon=True)
asking.start()
while not os.path.exists(told["asked"]):
    time.sleep(0.005)
child = os.fork()
if child == 0:
    print(source.token().access_token.reveal(), flush=True)
    os._exit(0)
if told["killed"]:
    os.kill(os.getpid(), 9)
asking.join()
os.waitpid(child, 0)
"""


@pytest.mark.parametrize("killed", [False, True])
def test_a_fork_in_the_middle_of_a_request_leaves_no_lock_behind(
    server: TokenServer, tmp_path: Path, *, killed: bool
) -> None:
    asked, go = tmp_path / "asked", threading.Event()
    first = iter([True])

    def hesitate() -> None:
        if next(first, False):
            asked.touch()
            go.wait(2 if killed else 0.3)  # the child of a killed parent must not wait for this answer

    server.before = hesitate
    told = {"options": server.words, "folder": str(tmp_path / "tokens"), "asked": str(asked), "killed": killed}
    done = subprocess.run(
        [sys.executable, "-c", FORK, json.dumps(told)], capture_output=True, text=True, timeout=60, check=False
    )
    go.set()

    assert done.stdout in {"t1\n", "t2\n"}, done.stderr
    assert (2 if killed else 1) == len(server.token_requests)


def test_errors_say_until_when_nobody_asks(server: TokenServer, tmp_path: Path) -> None:
    server.answers = iter([REFUSED, Answer(429, b"", (("Retry-After", "600"),))])
    clock = 1_800_000_000.0
    with pytest.raises(TokenRefused) as refused:
        TokenSource(**server.options(cache=DiskCache(tmp_path), clock=lambda: clock)).token()
    with pytest.raises(RateLimited) as limited:
        TokenSource(**server.options(cache=DiskCache(tmp_path), clock=lambda: clock, audience="other")).token()

    assert 30 <= (refused.value.until or 0) - clock <= 33
    assert 600 <= (limited.value.until or 0) - clock <= 601
    assert "client_id in the arguments" in refused.value.hint
    assert os.fspath(tmp_path) not in str(refused.value)
