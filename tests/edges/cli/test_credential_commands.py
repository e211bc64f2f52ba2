"""
`gatekey clients secrets|keys`, `gatekey keys` and `gatekey tokens`, over a real data folder.
"""

import json
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gatekey.oauth.credentials_file import parse
from gatekey.server.settings import Settings
from support.command import run_command
from support.credentials import a_key, jwk_of, opened_office, pem_of


@dataclass(frozen=True)
class Terminal:
    """
    Somebody at a command line of the machine that has the data folder.
    """

    data: Path

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return run_command(*arguments, environment={"GATEKEY_DATA": str(self.data)}, stdin=stdin)

    def say(self, *arguments: str, stdin: str = "") -> str:
        """
        Run a command that must succeed and return what it printed.
        """
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def tell(self, *arguments: str, stdin: str = "") -> Any:
        return json.loads(self.say(*arguments, "--json", stdin=stdin))

    def refusal(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode != 0, done.stdout
        assert done.stderr.startswith("gatekey: error: "), done.stderr
        return done.stderr


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with opened_office(tmp_path / "data", token_algorithm="ES256"):
        yield Terminal(tmp_path / "data")


@pytest.fixture
def app(terminal: Terminal) -> dict[str, Any]:
    created: dict[str, Any] = terminal.tell("clients", "create", "app", "--cluster", "local", "--scopes", "Zeebe")
    return created


def secret_ids(terminal: Terminal, *, ended: bool = False) -> list[str]:
    return [each["secretId"] for each in terminal.tell("clients", "secrets", "list", "app") if each["ended"] is ended]


def test_a_clients_tokens_can_live_as_long_as_it_wants(terminal: Terminal) -> None:
    wish = ("--cluster", "local", "--scopes", "Zeebe", "--lifetime")

    assert 600 == terminal.tell("clients", "create", "short", *wish, "600")["lifetime"]
    assert "10 min" in terminal.say("clients", "show", "short")
    assert "Tokens live 60 to" in terminal.refusal("clients", "create", "shorter", *wish, "59")
    assert "Tokens live 60 to" in terminal.refusal(
        "clients", "create", "longer", *wish, str(Settings().token_lifetime_max + 1)
    )


@pytest.mark.parametrize("form", ["env", "dotenv"])
def test_a_rotation_prints_the_complete_credentials(terminal: Terminal, app: dict[str, Any], form: str) -> None:
    values = parse(terminal.say("clients", "secrets", "rotate", "app", "--format", form))
    old, new = terminal.tell("clients", "secrets", "list", "app")

    assert app["clientId"] == values["ZEEBE_CLIENT_ID"]
    assert app["clientSecret"] != values["ZEEBE_CLIENT_SECRET"] == values["CAMUNDA_CLIENT_SECRET"]
    assert new["secretId"] == values["ZEEBE_CLIENT_SECRET"][4:14]
    assert (True, True, False) == (old["ends"] is not None, new["presented"], old["ended"])


def test_a_rotation_into_a_file_prints_no_secret(terminal: Terminal, app: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "app.env"
    said = terminal.say("clients", "secrets", "rotate", app["clientId"], "--output", str(file))
    secret = parse(file.read_text())["CAMUNDA_CLIENT_SECRET"]

    assert secret not in said
    assert "Older secrets end" in said
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_a_file_that_is_there_stops_the_rotation(terminal: Terminal, app: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "app.env"
    file.write_text("precious")

    assert "nothing was changed" in terminal.refusal("clients", "secrets", "rotate", "app", "--output", str(file))
    assert "precious" == file.read_text()
    assert [app["secretId"]] == secret_ids(terminal)


def test_json_holds_the_secret_only_where_no_file_does(terminal: Terminal, app: dict[str, Any], tmp_path: Path) -> None:
    shown = terminal.tell("clients", "secrets", "rotate", "app")
    hidden = terminal.tell("clients", "secrets", "rotate", "app", "--output", str(tmp_path / "app.env"))

    assert {"name", "clientId", "secretId", "othersEnd", "clientSecret"} == shown.keys()
    assert {"name", "clientId", "secretId", "othersEnd"} == hidden.keys()
    assert app["clientId"] == shown["clientId"]


def test_now_ends_the_others_at_once(terminal: Terminal, app: dict[str, Any]) -> None:
    new = terminal.tell("clients", "secrets", "rotate", "app", "--now")

    assert ([new["secretId"]], [app["secretId"]]) == (secret_ids(terminal), secret_ids(terminal, ended=True))


@pytest.mark.parametrize(
    "options",
    [
        ("--overlap", "1 week"),
        ("--overlap", "-1d"),
        ("--overlap", "7"),
        ("--overlap", ""),
        ("--ends", "tomorrow"),
        ("--ends", "2027-13-01"),
        ("--ends", "999999999d"),
        ("--now", "--overlap", "1d"),
        ("--format", "xml"),
    ],
)
@pytest.mark.usefixtures("app")
def test_options_that_make_no_sense_change_nothing(terminal: Terminal, options: tuple[str, ...]) -> None:
    assert 2 == terminal.run("clients", "secrets", "rotate", "app", *options).returncode
    assert 1 == len(secret_ids(terminal))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--label", "two\nlines"), "one line"),
        (("--ends", "2001-01-01"), "future"),
        (("--overlap", "400d"), "within 366 days"),
    ],
)
@pytest.mark.usefixtures("app")
def test_what_cannot_be_is_refused(terminal: Terminal, options: tuple[str, ...], said: str) -> None:
    assert said in terminal.refusal("clients", "secrets", "rotate", "app", *options)
    assert 1 == len(secret_ids(terminal))


@pytest.mark.usefixtures("app")
def test_label_and_end_are_kept(terminal: Terminal) -> None:
    terminal.say(
        "clients", "secrets", "rotate", "app", "--label", "staging", "--ends", "2099-01-31", "--overlap", "24h"
    )
    new = terminal.tell("clients", "secrets", "list", "app")[-1]
    table = terminal.say("clients", "secrets", "list", "app")

    assert ("staging", "2099-01-31T00:00:00+00:00", None) == (new["label"], new["ends"], new["lastUsed"])
    assert all(text in table for text in ("staging", "2099-01-31 00:00", "never"))


def test_ending_asks_first(terminal: Terminal, app: dict[str, Any]) -> None:
    terminal.say("clients", "secrets", "rotate", "app")
    end = ("clients", "secrets", "end", "app", app["secretId"])
    unsure = terminal.run(*end, stdin="n\n")

    assert 130 == unsure.returncode
    assert 2 == len(secret_ids(terminal))
    assert "Ended secret" in terminal.say(*end, "--yes")
    assert 1 == len(secret_ids(terminal))


def test_the_last_secret_and_unknown_ones_are_not_ended(terminal: Terminal, app: dict[str, Any]) -> None:
    assert "last live secret" in terminal.refusal("clients", "secrets", "end", "app", app["secretId"], "--yes")
    assert "no such live secret" in terminal.refusal("clients", "secrets", "end", "app", "unknown", "--yes")


@pytest.mark.parametrize("what", [("secrets", "list"), ("secrets", "rotate"), ("keys", "list")])
def test_an_unknown_client_is_named(terminal: Terminal, what: tuple[str, str]) -> None:
    assert "no client 'ghost'" in terminal.refusal("clients", *what, "ghost")


@pytest.mark.usefixtures("app")
def test_keys_come_are_listed_and_go(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "public.pem"
    file.write_text(pem_of(a_key("ES384")))
    empty = terminal.say("clients", "keys", "list", "app")
    [added] = terminal.tell("clients", "keys", "add", "app", "--file", str(file))
    [listed] = terminal.tell("clients", "keys", "list", "app")
    table = terminal.say("clients", "keys", "list", "app")
    removed = terminal.tell("clients", "keys", "remove", "app", added["kid"], "--yes")

    assert "app has no keys" in empty
    assert (added["kid"], "P-384") == (listed["kid"], listed["crv"])
    assert added["kid"] in table
    assert removed["removed"]
    assert [] == terminal.tell("clients", "keys", "list", "app")
    assert "has no key" in terminal.refusal("clients", "keys", "remove", "app", added["kid"], "--yes")


@pytest.mark.usefixtures("app")
def test_a_private_key_is_refused_before_it_is_kept(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "private.pem"
    file.write_bytes(a_key("ES256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    assert "private key" in terminal.refusal("clients", "keys", "add", "app", "--file", str(file))


@pytest.mark.usefixtures("app")
def test_a_file_that_is_no_text_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "public.der"
    file.write_bytes(b"\x30\x82\xff")

    assert "neither PEM nor JSON" in terminal.refusal("clients", "keys", "add", "app", "--file", str(file))


def test_signing_keys_rotate_and_are_withdrawn(terminal: Terminal) -> None:
    [first] = terminal.tell("keys", "list")
    second = terminal.tell("keys", "rotate")
    states = [key["state"] for key in terminal.tell("keys", "list")]
    withdrawn = terminal.tell("keys", "withdraw", first["kid"], "--yes")
    after = [key["state"] for key in terminal.tell("keys", "list")]

    assert ["signs", "published, signs later"] == states
    assert withdrawn["successor"] not in {None, first["kid"], second["kid"]}
    assert ["retired", "retired", "signs"] == after
    assert all(key["kid"] in terminal.say("keys", "list") for key in (first, second))


def test_withdrawing_asks_first(terminal: Terminal) -> None:
    [key] = terminal.tell("keys", "list")

    assert 130 == terminal.run("keys", "withdraw", key["kid"], stdin="n\n").returncode
    assert ["signs"] == [each["state"] for each in terminal.tell("keys", "list")]


@pytest.mark.parametrize("action", ["retire", "withdraw"])
def test_an_unknown_signing_key_is_refused(terminal: Terminal, action: str) -> None:
    yes = ["--yes"] if action == "withdraw" else []

    assert "no such key" in terminal.refusal("keys", action, "ghost", *yes)


@pytest.mark.parametrize("kid", ["-" + "h" * 42, "--" + "y" * 41, "-T" + "es-_" * 10 + "A"])
@pytest.mark.usefixtures("app")
def test_a_key_id_may_look_like_an_option(terminal: Terminal, kid: str, tmp_path: Path) -> None:
    """
    One thumbprint in 64 begins with a dash, also on the day when its key must be withdrawn.
    """
    file = tmp_path / "key.json"
    file.write_text(json.dumps({**jwk_of(a_key("ES256")), "kid": kid}))
    terminal.say("clients", "keys", "add", "app", "--file", str(file))

    assert "no such key" in terminal.refusal("keys", "retire", kid)
    assert "no such key" in terminal.refusal("keys", "withdraw", kid, "--yes")
    assert "no such key" in terminal.refusal("keys", "withdraw", "--yes", "--", kid)
    assert kid in terminal.say("clients", "keys", "remove", "app", kid, "--yes")


def test_the_key_that_signs_is_not_retired(terminal: Terminal) -> None:
    [key] = terminal.tell("keys", "list")

    assert "signs tokens now" in terminal.refusal("keys", "retire", key["kid"])


def test_revocations_are_listed(terminal: Terminal, app: dict[str, Any]) -> None:
    empty = terminal.say("tokens", "revocations")
    terminal.say("tokens", "revoke", "--client", "app")
    terminal.say("tokens", "revoke", "--secret", app["secretId"])
    found = {each["kind"]: each["subject"] for each in terminal.tell("tokens", "revocations")}

    assert "Nothing is revoked" in empty
    assert {"client": app["clientId"], "credential": app["secretId"]} == found
    assert app["clientId"] in terminal.say("tokens", "revocations")


@pytest.mark.parametrize(
    "options", [(), ("--client", "app", "--secret", "x"), ("--client", "app", "--token-file", "-")]
)
@pytest.mark.usefixtures("app")
def test_one_thing_is_revoked_at_a_time(terminal: Terminal, options: tuple[str, ...]) -> None:
    assert 2 == terminal.run("tokens", "revoke", *options).returncode


@pytest.mark.usefixtures("app")
def test_what_is_not_there_cannot_be_revoked(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a.b.c\n")

    assert "no client 'ghost'" in terminal.refusal("tokens", "revoke", "--client", "ghost")
    assert "no secret 'ghost'" in terminal.refusal("tokens", "revoke", "--secret", "ghost")
    assert "nothing to revoke" in terminal.refusal("tokens", "revoke", "--token-file", str(file))
    assert "cannot be read" in terminal.refusal("tokens", "revoke", "--token-file", str(tmp_path / "ghost"))


def test_a_client_is_changed_by_name(terminal: Terminal) -> None:
    terminal.say("clients", "create", "worker", "--cluster", "local", "--scopes", "Zeebe,Operate")

    said = terminal.say("clients", "update", "worker", "--scopes", "Zeebe,Secrets", "--lifetime", "600")
    told = terminal.tell("clients", "update", "worker", "--lifetime", "0")

    changed = "Changed worker: its scopes are Zeebe, Secrets. Its tokens live 10 min."
    assert f"{changed}\nTokens for Operate are revoked.\n" == said
    assert (["Zeebe", "Secrets"], [], None) == (told["permissions"], told["lost"], told["lifetime"])


def test_a_change_that_cannot_be_is_refused(terminal: Terminal) -> None:
    terminal.say("clients", "create", "worker", "--cluster", "local", "--scopes", "Zeebe")

    assert "Choose at least one scope" in terminal.refusal("clients", "update", "worker", "--scopes", ",")
    assert "Say what changes" in terminal.run("clients", "update", "worker").stderr
