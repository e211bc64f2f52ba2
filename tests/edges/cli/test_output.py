"""
What commands print on terminals, into pipes and files, and where nothing can be written.
"""

import json
import os
import pty
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest

from gatekey.cli.durations import span
from support.command import GATEKEY, run_command
from support.credentials import opened_office


class Place:
    """
    A machine with a data folder, and somebody who types.
    """

    def __init__(self, data: Path) -> None:
        self.environment = {"GATEKEY_DATA": str(data), "PATH": os.environ["PATH"]}

    def run(self, *words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return run_command(*words, environment=self.environment, stdin=stdin)

    def start(self, *words: str, stdout: TextIO) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [GATEKEY, *words]
        run = self.environment
        return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=run, check=False)

    def say(self, *words: str | Path) -> str:
        done = self.run(*words)
        assert 0 == done.returncode, done.stderr
        return done.stdout

    def tell(self, *words: str) -> Any:
        return json.loads(self.say(*words, "--json"))

    def create(self, name: str, cluster: str = "local") -> dict[str, str]:
        created: dict[str, str] = self.tell("clients", "create", name, "--scopes", "Zeebe", "--cluster", cluster)
        return created


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with opened_office(tmp_path / "data"):
        yield Place(tmp_path / "data")


def on_a_terminal(place: Place, *words: str, columns: int, **environment: str) -> str:
    """
    What a process prints that runs on a terminal of so many columns.
    """
    ours, theirs = pty.openpty()
    run = place.environment | {"COLUMNS": str(columns), "LINES": "24", "TERM": "xterm"} | environment
    process = subprocess.Popen([GATEKEY, *words], stdout=theirs, stderr=theirs, stdin=theirs, env=run)
    os.close(theirs)
    printed = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # Linux answers so where nobody holds the other end any more
            break
        if not part:
            break
        printed += part
    os.close(ours)
    assert 0 == process.wait()
    return printed.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_table_shortens_an_id(place: Place, columns: int) -> None:
    created = place.create("a-client-with-a-name-that-is-long-for-a-name")

    printed = on_a_terminal(place, "clients", "list", columns=columns)

    assert created["clientId"] in printed
    assert "…" not in printed


def test_a_table_on_a_narrow_terminal_fits_and_loses_nothing(place: Place) -> None:
    name = "a-client-with-a-name-that-is-long-for-a-name"
    place.create(name)

    printed = on_a_terminal(place, "clients", "list", columns=80, NO_COLOR="1")
    narrow = [line[: line.index("  ")] if "  " in line else line for line in printed.splitlines()[1:]]

    assert max(map(len, printed.splitlines())) <= 80
    assert name == "".join(part.strip() for part in narrow if part)


def test_a_row_that_fits_in_no_way_is_printed_as_lines(place: Place) -> None:
    [key] = place.tell("keys", "list")

    wide = on_a_terminal(place, "keys", "list", columns=120, NO_COLOR="1").splitlines()
    narrow = on_a_terminal(place, "keys", "list", columns=80, NO_COLOR="1").splitlines()

    assert ["KEY ID", key["kid"]] == [wide[0].split("  ")[0], wide[1].split("  ")[0]]
    assert ["KEY ID", key["kid"]] == [narrow[0][:6], narrow[0].split()[-1]]
    assert max(map(len, narrow)) <= 80


def test_no_colour_means_no_escape_sequence(place: Place) -> None:
    place.create("one")

    assert "\x1b" in on_a_terminal(place, "clients", "list", columns=80)
    assert "\x1b" not in on_a_terminal(place, "clients", "list", columns=80, NO_COLOR="1")


def test_a_full_disk_ends_in_one_line(place: Place) -> None:
    with Path("/dev/full").open("w") as full:
        done = place.start("clusters", "list", stdout=full)

    assert (1, "gatekey: error: The output cannot be written: No space left on device.\n") == (
        done.returncode,
        done.stderr,
    )


def test_a_secret_that_could_not_be_printed_is_said_to_be_unseen(place: Place) -> None:
    with Path("/dev/full").open("w") as full:
        done = place.start("clients", "create", "unseen", "--cluster", "local", "--scopes", "Zeebe", stdout=full)
    [client] = place.tell("clients", "list")

    assert 6 == done.returncode
    assert f"gatekey clients secrets rotate {client['clientId']}" in done.stderr
    assert not client["secretPresented"]


def test_one_value_is_printed_alone(place: Place) -> None:
    first, second = place.create("first"), place.create("second")

    assert f"{first['clientId']}\n" == place.say("clients", "show", "first", "--field", "clientId")
    assert f"{first['clientId']}\n{second['clientId']}\n" == place.say("clients", "list", "--field", "clientId")
    assert "Zeebe\n" == place.say("clients", "show", "first", "--field", "permissions")
    assert "\n" == place.say("clients", "show", "first", "--field", "lifetime")
    assert 2 == place.run("clients", "show", "first", "--field", "clientId", "--json").returncode


def test_a_dash_is_standard_output_and_no_file(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    printed = place.say("clients", "create", "a", "--cluster", "local", "--scopes", "Zeebe", "--output", "-")

    assert "export ZEEBE_CLIENT_SECRET=" in printed
    assert not (tmp_path / "-").exists()
    assert place.say("operator-key") == place.say("operator-key", "--output", "-")


@pytest.mark.parametrize("command", ["operator-key", "gateway-key"])
def test_a_key_in_a_file_is_private(place: Place, tmp_path: Path, command: str) -> None:
    done = place.run(command, "--output", tmp_path / "key")

    assert (0, "") == (done.returncode, done.stdout)
    assert 0o600 == stat.S_IMODE((tmp_path / "key").stat().st_mode)
    assert place.say(command) == (tmp_path / "key").read_text()


def test_several_are_shown_and_deleted_at_once_or_none(place: Place) -> None:
    place.create("one")
    place.create("two")

    assert ["one", "two"] == [client["name"] for client in place.tell("clients", "show", "one", "two")]
    assert 1 == place.run("clients", "delete", "one", "three", "--yes").returncode
    assert "one\ntwo\n" == place.say("clients", "list", "--field", "name")
    assert 0 == place.run("clients", "delete", "one", "two", "--yes").returncode
    assert "" == place.say("clients", "list", "--field", "name")


def test_clients_are_found_by_a_part_of_their_name_and_counted(place: Place) -> None:
    for name in ("worker-1", "worker-2", "report"):
        place.create(name)

    assert "worker-1\nworker-2\n" == place.say("clients", "list", "--search", "work", "--field", "name")
    assert "worker-1\n" == place.say("clients", "list", "--limit", "1", "--field", "name")
    assert "1 more: --limit 2, or find some with --search." in place.say(
        "clients", "list", "--search", "work", "--limit", "1"
    )


def test_a_name_of_two_clusters_needs_the_cluster(place: Place) -> None:
    assert 0 == place.run("clients", "create", "app", "--scopes", "Zeebe").returncode  # one cluster, so it is that
    place.say("clusters", "create", "other")
    there = place.create("app", cluster="other")

    unclear = place.run("clients", "show", "app")
    nowhere = place.run("clients", "create", "another", "--scopes", "Zeebe")

    assert (1, 1) == (unclear.returncode, nowhere.returncode)
    assert "--cluster" in unclear.stderr
    assert "local, other" in nowhere.stderr
    assert f"{there['clientId']}\n" == place.say("clients", "show", "app", "--cluster", "other", "--field", "clientId")


def test_a_cluster_is_renamed_and_deleted_with_its_clients(place: Place) -> None:
    place.say("clusters", "create", "other")
    client = place.create("app", cluster="other")
    cluster_id = place.say("clusters", "rename", "other", "staging", "--field", "clusterId").strip()

    refused = place.run("clusters", "delete", "staging", "--yes")
    deleted = place.tell("clusters", "delete", "staging", "--clients", "--yes")

    assert client["name"] == "app"
    assert (1, True) == (refused.returncode, "has 1 client" in refused.stderr)
    assert {"name": "staging", "clusterId": cluster_id, "deleted": True, "clients": 1} == deleted
    assert "local\n" == place.say("clusters", "list", "--field", "name")


@pytest.mark.parametrize("address", ["300.1.1.1", "1.2.3", "fe80::g", "2001:db8::1::2", "10.0.0.0/8"])
def test_what_looks_like_an_address_and_is_none_is_no_client(place: Place, address: str) -> None:
    done = place.run("limits", "show", address)

    assert (1, True) == (done.returncode, f"{address!r} is no IP address" in done.stderr)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (90, "1 min 30 s"), (3_600, "1 h"), (43_200, "12 h"), (93_600, "1 d 2 h"), (2_592_000, "30 d")],
)
def test_lengths_of_time_are_readable(seconds: int, text: str) -> None:
    assert text == span(seconds)
