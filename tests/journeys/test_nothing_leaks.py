"""
One day of an installation, and then a search for every secret and token of that day in everything it left.
"""

import json
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from support.product import Product
from support.service import Caller, Reply, basic, files_that_hold

ZEEBE = "zeebe.camunda.io"


@dataclass
class Day:
    """
    What happened: the product afterwards, everything that has to stay secret, and all processes' command lines.
    """

    product: Product
    secrets: dict[str, str] = field(default_factory=dict)
    commands: str = ""

    def keep(self, name: str, secret: str) -> str:
        assert len(secret) > 15, f"{name} is too short to search for"
        self.secrets[name] = secret
        return secret


def command_lines() -> str:
    """
    Return what every user of this machine can see of every process.
    """
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile
    return "\n".join(found)


def spend(day: Day) -> None:
    product = day.product
    caller = Caller(product.http_port)
    client = product.create_client("my-app", "Zeebe,Secrets")
    secret = day.keep("client secret", client["clientSecret"])
    form = {"client_id": client["clientId"], "client_secret": secret, "audience": ZEEBE}
    tokens = [
        caller.ask_token(form),
        caller.call("POST", "/oauth/token", {"content-type": "application/json"}, json.dumps(form).encode()),
        caller.ask_token({"audience": "secrets.camunda.io"}, {"authorization": basic(client["clientId"], secret)}),
    ]
    kept = [day.keep(f"token {number}", reply.document["access_token"]) for number, reply in enumerate(tokens)]
    product.cli(
        "secrets", "set", "KEY", "--cluster", "local", input=day.keep("cluster secret", "a-made-up-cluster-secret")
    )
    use(product, caller, kept)
    misuse(caller, client["clientId"], secret, kept[0])
    day.commands = command_lines()
    sign_in(day)


def use(product: Product, caller: Caller, tokens: list[str]) -> None:
    """
    Read the secrets, and call the gateway with good and bad tokens.
    """
    assert caller.call("GET", "/secrets", {"authorization": f"Bearer {tokens[2]}"}).status == 200
    gateway = Caller(product.gateway_port)
    for token in (*tokens, tokens[0][:-5] + "AAAAA"):
        gateway.call("GET", "/v2/topology", {"authorization": f"Bearer {token}"})


def misuse(caller: Caller, client_id: str, secret: str, token: str) -> list[Reply]:
    """
    Put secrets wherever people put them by mistake.
    """
    quoted = urllib.parse.quote(secret)
    return [
        caller.ask_token({"client_id": secret, "client_secret": client_id}),
        caller.ask_token({"client_id": client_id, "client_secret": secret, "audience": secret}),
        caller.ask_token({"client_id": client_id, "client_secret": secret, "grant_type": secret}),
        caller.ask_token({"client_id": client_id, "client_secret": secret[:-1]}),
        caller.ask_token({}, {"authorization": basic(secret, client_id)}),
        caller.ask_token({}, {"authorization": f"Bearer {token}"}),
        caller.ask_token({secret: "x"}, {"content-type": secret}),
        caller.call("POST", f"/oauth/token?client_id={client_id}&client_secret={quoted}"),
        caller.call("GET", f"/{quoted}?access_token={token}"),
        caller.call("GET", f"/secrets?access_token={token}"),
        caller.call("GET", "/secrets", {"authorization": f"Bearer {token}"}),
        caller.call("GET", "/secrets", {"authorization": f"Basic {token}"}),
    ]


def sign_in(day: Day) -> None:
    link = day.product.sign_in_link()
    day.keep("sign-in key", link.rpartition("/")[2])
    with httpx.Client(trust_env=False) as browser:
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert browser.post(link, content=b"", headers=form).status_code == 303
        for number, value in enumerate(browser.cookies.values()):
            day.keep(f"cookie {number}", value)
        assert browser.get(f"{day.product.http}/clusters").status_code == 200


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    data = tmp_path_factory.mktemp("leaks") / "data"
    # Not preloaded: its command line is searched, too.
    product = Product(data, preloaded=False, settings={"limit_burst": "10000", "access_log": "all"})
    product.start()
    try:
        day = Day(product)
        spend(day)
        yield day
    finally:
        product.kill()


def test_the_day_had_secrets_to_search_for(day: Day) -> None:
    assert {"client secret", "token 0", "token 1", "token 2", "cluster secret", "sign-in key", "cookie 0"} <= set(
        day.secrets
    )


def test_no_file_of_the_data_folder_holds_a_secret_while_it_runs(day: Day) -> None:
    searched = [path for path in day.product.data.rglob("*") if path.is_file()]

    assert {"gatekey.db", "gatekey.db-wal", "bootstrap.json"} <= {path.name for path in searched}
    assert {} == {
        name: found for name, secret in day.secrets.items() if (found := files_that_hold([secret], day.product.data))
    }


def test_no_private_key_lies_there_in_clear(day: Day) -> None:
    assert [] == files_that_hold(["PRIVATE KEY"], day.product.data)
    assert ["master.key"] == files_that_hold([(day.product.data / "master.key").read_text().strip()], day.product.data)


def test_no_process_shows_a_secret_in_its_command_line(day: Day) -> None:
    assert "gatekey serve" in day.commands
    assert [] == [name for name, secret in day.secrets.items() if secret in day.commands]


def test_no_log_line_holds_a_secret(day: Day) -> None:
    told = day.product.errors + day.product.printed

    assert "token request" in told
    assert [] == [name for name, secret in day.secrets.items() if secret in told]
    assert "Traceback" not in told


def test_after_the_end_it_is_still_so(day: Day) -> None:
    code = day.product.stop()

    assert code == 0
    assert {} == {n: found for n, s in day.secrets.items() if (found := files_that_hold([s], day.product.data))}
    assert [] == [name for name, secret in day.secrets.items() if secret in day.product.printed + day.product.errors]
