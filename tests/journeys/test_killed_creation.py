"""
`kill -9` in the middle of `gatekey clients create`, at every moment that can be told from outside.

Whatever was written whole works; whatever may have been seen by nobody is said to be so.
"""

import json
import re
import sqlite3
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gatekey.server.run.installation import open_installation
from gatekey.server.settings import Settings
from support.product import GATEKEY, STOP_SECONDS, Product, running_product
from support.service import add_client

Moment = Callable[["Creation"], bool]


class Creation:
    """
    One `clients create` under way, and what can be seen of it.
    """

    def __init__(self, product: Product, folder: Path, number: int, *, to_file: bool) -> None:
        self.name = f"app-{number}"
        self.file = folder / f"{self.name}.env"
        self.output = ["--output", str(self.file)] if to_file else []
        self.database = sqlite3.connect(f"file:{product.data / 'gatekey.db'}?mode=ro", uri=True)
        self.before = self.version()
        self.process = subprocess.Popen(
            [str(GATEKEY), "clients", "create", self.name, "--cluster", "local", "--scopes", "Zeebe", *self.output],
            env=product.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def version(self) -> int:
        (version,) = self.database.execute("PRAGMA data_version").fetchone()
        return int(version)

    def row(self) -> tuple[float | None] | None:
        query = "SELECT presented FROM client_secret JOIN client USING (client_id) WHERE name = ?"
        found: tuple[float | None] | None = self.database.execute(query, [self.name]).fetchone()
        return found

    def kill_at(self, moment: Moment) -> str:
        """
        Kill it as soon as the moment is there; returns what it printed until then.
        """
        deadline = time.monotonic() + STOP_SECONDS
        with closing(self.database):
            while not moment(self) and self.process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.0002)  # leave the processor to the one that is watched
            self.process.kill()
            printed, _ = self.process.communicate(timeout=STOP_SECONDS)
        return printed


def just_started(_: Creation) -> bool:
    return True


def anything_was_committed(creation: Creation) -> bool:
    return creation.version() != creation.before


def the_client_is_there(creation: Creation) -> bool:
    return creation.row() is not None


def a_file_is_being_written(creation: Creation) -> bool:
    return any(path.name.startswith(f".{creation.file.name}") for path in creation.file.parent.iterdir())


def the_file_is_there(creation: Creation) -> bool:
    return creation.file.exists()


def the_secret_counts_as_seen(creation: Creation) -> bool:
    row = creation.row()
    return row is not None and row[0] is not None


def never(_: Creation) -> bool:
    return False


MOMENTS: list[Moment] = [
    just_started,
    anything_was_committed,
    the_client_is_there,
    a_file_is_being_written,
    the_file_is_there,
    the_secret_counts_as_seen,
    never,
]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    data = tmp_path_factory.mktemp("killed") / "data"
    with running_product(data, with_gateway=False, limit_burst=10_000) as running:
        yield running


def credentials_in(text: str) -> tuple[str, str] | None:
    """
    Return id and secret of a credentials file, or None where either is missing.
    """
    found = dict(re.findall(r"^export (ZEEBE_CLIENT_ID|ZEEBE_CLIENT_SECRET)='([^']*)'$", text, re.MULTILINE))
    return (found["ZEEBE_CLIENT_ID"], found["ZEEBE_CLIENT_SECRET"]) if len(found) == 2 else None


def presented(product: Product) -> dict[str, bool]:
    return {c["name"]: c["secretPresented"] for c in json.loads(product.cli("clients", "list", "--json").stdout)}


def test_a_written_file_works_and_an_unseen_secret_is_flagged(product: Product, tmp_path: Path) -> None:
    creations = []
    for number, moment in enumerate(MOMENTS):
        creations.append(creation := Creation(product, tmp_path, number, to_file=True))
        creation.kill_at(moment)
    listed = presented(product)
    files = {c.name: credentials_in(c.file.read_text()) for c in creations if c.file.exists()}
    answers = {name: product.ask_token(*found)[0] for name, found in files.items() if found}

    assert {200} == set(answers.values())
    assert set(files) == set(answers)
    assert set() == {name for name, seen in listed.items() if seen} - set(files)
    assert set() == set(files) - set(listed)
    assert {creations[-1].name} <= {name for name, seen in listed.items() if seen}
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}


def test_a_killed_command_leaves_no_second_copy_of_a_secret(product: Product, tmp_path: Path) -> None:
    Creation(product, tmp_path, 100, to_file=True).kill_at(a_file_is_being_written)

    assert [] == [path.name for path in tmp_path.iterdir() if not path.name.endswith(".env")]


def test_what_was_printed_whole_works_and_an_unseen_secret_is_flagged(product: Product, tmp_path: Path) -> None:
    printed = {}
    for number, moment in enumerate([the_client_is_there, the_secret_counts_as_seen], start=200):
        creation = Creation(product, tmp_path, number, to_file=False)
        printed[creation.name] = credentials_in(creation.kill_at(moment))
    listed = presented(product)
    answers = [product.ask_token(*found)[0] for found in printed.values() if found]

    assert not answers or {200} == set(answers)
    assert [] == [name for name, found in printed.items() if found is None and listed.get(name)]


def test_a_person_can_see_which_to_delete(product: Product) -> None:
    with closing(open_installation(Settings(data=product.data))) as installation:
        add_client(installation, "unseen")  # as a command does that is killed before it can show the secret
    listed = product.cli("clients", "list").stdout
    product.cli("clients", "delete", "unseen", "--yes")

    assert "its secret may never have been shown: rotate it" in next(x for x in listed.splitlines() if "unseen" in x)
    assert "unseen" not in presented(product)
