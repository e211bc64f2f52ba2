"""
A secret is rotated while a program uses it: nothing stops, the old one ends, and a leak is answered at once.
"""

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gatekey.oauth.credentials_file import parse
from support.product import AGENT, Product, running_product

QUICK = {"limit_rate": 10_000, "limit_burst": 10_000, "limit_block_after": 10_000, "storm_shield": 0}
WAIT_SECONDS = 60.0
"""A bound against hanging; last uses are written every few seconds."""


class Program(threading.Thread):
    """
    A program that asks for tokens all the time, with whatever its credentials file holds.
    """

    def __init__(self, product: Product, file: Path) -> None:
        super().__init__()
        self.product, self.file = product, file
        self.outcomes: list[int] = []
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            values = parse(self.file.read_text())
            status, _ = self.product.ask_token(values["CAMUNDA_CLIENT_ID"], values["CAMUNDA_CLIENT_SECRET"])
            self.outcomes.append(status)

    def until(self, count: int) -> None:
        """
        Wait until it has asked `count` times more.
        """
        wanted = len(self.outcomes) + count
        for _ in range(int(WAIT_SECONDS * 100)):
            if len(self.outcomes) >= wanted:
                return
            self.ended.wait(0.01)
        raise AssertionError("the program hangs")


def works(product: Product, file: Path) -> bool:
    values = parse(file.read_text())
    return product.ask_token(values["CAMUNDA_CLIENT_ID"], values["CAMUNDA_CLIENT_SECRET"])[0] == 200


def listed(product: Product) -> list[dict[str, Any]]:
    secrets: list[dict[str, Any]] = json.loads(product.cli("clients", "secrets", "list", "app", "--json").stdout)
    return secrets


@pytest.mark.parametrize("workers", [1, 2])
def test_a_secret_is_rotated_without_a_single_refused_request(tmp_path: Path, workers: int) -> None:
    old, new, used = (tmp_path / name for name in ("old.env", "new.env", "used.env"))
    with running_product(tmp_path / "data", with_gateway=False, workers=workers, **QUICK) as product:
        product.cli("clients", "create", "app", "--cluster", "local", "--scopes", "Zeebe", "--output", str(old))
        used.write_text(old.read_text())
        program = Program(product, used)
        program.start()
        try:
            program.until(5)
            product.cli("clients", "secrets", "rotate", "app", "--label", "second", "--output", str(new))
            program.until(5)
            fresh = used.with_suffix(".new")
            fresh.write_text(new.read_text())
            fresh.replace(used)  # as a deployment swaps a mounted file
            program.until(5)
            product.cli("clients", "secrets", "end", "app", listed(product)[0]["secretId"], "--yes")
            program.until(5)
        finally:
            program.ended.set()
            program.join()
        after = [works(product, file) for file in (old, new)]

    assert {200} == set(program.outcomes)
    assert [False, True] == after


def test_a_leak_is_answered_in_one_command(tmp_path: Path) -> None:
    old, new = tmp_path / "old.env", tmp_path / "new.env"
    with running_product(tmp_path / "data", with_gateway=False, workers=2, **QUICK) as product:
        product.cli("clients", "create", "app", "--cluster", "local", "--scopes", "Zeebe", "--output", str(old))
        before = works(product, old)
        product.cli("clients", "secrets", "rotate", "app", "--now", "--output", str(new))
        after = [[works(product, file) for _ in range(4)] for file in (old, new)]
        product.stop()
        product.start()
        restarted = [works(product, file) for file in (old, new)]

    assert before
    assert [[False] * 4, [True] * 4] == after
    assert [False, True] == restarted


def test_the_last_use_is_known_soon_and_survives(tmp_path: Path) -> None:
    file = tmp_path / "app.env"
    with running_product(tmp_path / "data", with_gateway=False, workers=2, **QUICK) as product:
        product.cli("clients", "create", "app", "--cluster", "local", "--scopes", "Zeebe", "--output", str(file))
        unused = listed(product)[0]["lastUsed"]
        assert works(product, file)
        waiting = threading.Event()
        for _ in range(int(WAIT_SECONDS)):
            if listed(product)[0]["lastUsed"]:
                break
            waiting.wait(1)
        while_running = listed(product)[0]["lastUsed"]
        assert works(product, file)
        product.stop()
        afterwards = listed(product)[0]["lastUsed"]
        product.start()

    assert unused is None
    assert while_running["address"] in {"127.0.0.1", "::1"}
    assert AGENT == while_running["userAgent"]
    assert afterwards["at"] > while_running["at"]  # what was noted is written before the end


def test_a_rotation_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    """
    Not even where the service is killed right after it.
    """
    file = tmp_path / "app.env"
    with running_product(tmp_path / "data", with_gateway=False, **QUICK) as product:
        product.cli("clients", "create", "app", "--cluster", "local", "--scopes", "Zeebe", "--output", str(file))
        refused = product.cli(
            "clients", "secrets", "rotate", "app", "--output", str(tmp_path / "missing" / "x.env"), check=False
        )
        product.kill()
        with closing(sqlite3.connect(product.data / "gatekey.db")) as database:
            count = database.execute("SELECT count(*) FROM client_secret").fetchone()
        product.start()

        assert 6 == refused.returncode
        assert (1,) == count
        assert works(product, file)
