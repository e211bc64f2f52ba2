"""
An address is blocked, the operator finds out why, mends it, and lifts the block: by command, with two workers.
"""

import http.client
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest

from gatekey.cli.opening import ACTOR
from support.product import Product, running_product
from support.service import eventually

pytestmark = pytest.mark.real

OURS, THEIRS = "127.0.0.11", "127.0.0.12"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    data = tmp_path_factory.mktemp("explained") / "data"
    with running_product(
        data, with_gateway=False, workers=2, limit_rate=0.5, limit_burst=30, limit_block_for=600
    ) as running:
        yield running


def ask(product: Product, client: dict[str, Any], address: str, *, secret: str = "", agent: str = "a-program/1") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", product.http_port, 30, source_address=(address, 0))
    form = {
        "grant_type": "client_credentials",
        "client_id": client["clientId"],
        "client_secret": secret or client["clientSecret"],
        "audience": "zeebe.camunda.io",
    }
    headers = {"content-type": "application/x-www-form-urlencoded", "user-agent": agent}
    with closing(connection):
        connection.request("POST", "/oauth/token", urlencode(form), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def told(product: Product, *arguments: str) -> Any:
    return json.loads(product.cli("limits", *arguments, "--json").stdout)


@pytest.fixture(scope="module")
def blocked(product: Product) -> dict[str, Any]:
    """
    One address with a healthy client and a program of a deleted one, blocked for the latter.
    """
    healthy, deleted = product.create_client("healthy"), product.create_client("deleted-yesterday")
    product.cli("clients", "delete", "deleted-yesterday", "--yes")
    granted = ask(product, healthy, OURS, agent="zeebe-client-go/8.4.0")
    answers = [ask(product, deleted, OURS, agent="python-requests/2.32") for _ in range(70)]
    eventually(lambda: told(product, "show", OURS)["requests"] == 71)
    assert (200, 429) == (granted, answers[-1])
    return {"healthy": healthy, "deleted": deleted}


@pytest.mark.usefixtures("blocked")
def test_the_culprit_is_named_with_its_program_and_what_to_do(product: Product) -> None:
    explained = told(product, "show", OURS)
    shown = product.cli("limits", "show", OURS).stdout
    askers = {(asker["name"], asker["standing"], asker["userAgent"]) for asker in explained["askers"]}

    assert "blocked" == explained["state"]
    assert ("deleted-yesterday", "deleted", "python-requests/2.32") in askers
    assert ("healthy", "known", "zeebe-client-go/8.4.0") in askers
    assert "deleted client still asks" == explained["findings"][0]["kind"]
    assert "deleted-yesterday was deleted" in shown
    assert "python-requests/2.32 (pyzeebe, or a script)" in shown
    assert "Stop the program" in shown
    assert f"gatekey limits unblock {OURS}" in shown


@pytest.mark.usefixtures("blocked")
def test_all_sums_are_true(product: Product) -> None:
    explained = told(product, "show", OURS)
    parts = ("granted", "faulty", "limited", "blocked", "failed")

    assert 71 == explained["requests"] == sum(explained[part] for part in parts)
    assert 71 == sum(asker["requests"] for asker in explained["askers"])
    assert 71 == sum(point["requests"] for point in explained["overTime"])


def test_the_blocked_address_comes_first(product: Product, blocked: dict[str, Any]) -> None:
    ask(product, blocked["healthy"], THEIRS)
    eventually(lambda: THEIRS in str(told(product, "list")))
    shown = product.cli("limits", "list").stdout

    assert [OURS, THEIRS] == [line["address"] for line in told(product, "list")["addresses"]]
    assert f"gatekey limits show {OURS}" in shown


def test_a_deleted_client_is_found_by_its_name_and_its_id(product: Product, blocked: dict[str, Any]) -> None:
    by_name = told(product, "show", "deleted-yesterday")
    by_id = told(product, "show", blocked["deleted"]["clientId"])

    assert ("deleted", OURS) == (by_name["standing"], by_name["askers"][0]["address"])
    assert by_name["clientId"] == by_id["clientId"]


def test_nobody_by_that_name_is_said_in_one_sentence(product: Product) -> None:
    done = product.cli("limits", "show", "nonsense", check=False)

    assert 1 == done.returncode
    assert "There is no client 'nonsense'" in done.stderr


def test_unblocking_reaches_every_worker_and_is_audited(product: Product, blocked: dict[str, Any]) -> None:
    assert 429 == ask(product, blocked["healthy"], OURS)

    product.cli("limits", "unblock", OURS, "--reason", "the program is stopped")
    eventually(lambda: ask(product, blocked["healthy"], OURS) == 200)
    answers = {ask(product, blocked["healthy"], OURS) for _ in range(10)}
    explained = told(product, "show", OURS)
    with closing(sqlite3.connect(product.data / "gatekey.db")) as connection:
        audit = connection.execute("SELECT actor, subject_id, detail FROM audit WHERE action = 'unblocked'").fetchall()

    assert {200} == answers
    assert "blocked" != explained["state"]
    assert "the program is stopped" == explained["blocks"][0]["lifted"]["reason"]
    assert [(ACTOR, OURS, '{"reason": "the program is stopped"}')] == audit


def test_exceptions_are_made_listed_and_taken_back(product: Product, blocked: dict[str, Any]) -> None:
    allowed = product.cli("limits", "allow", "10.1.2.3/8", "--for", "1h", "--note", "build farm").stdout
    product.cli("limits", "allow", "--client", "healthy", "--rate", "5", "--burst", "10")
    listed = told(product, "rules")
    shown = product.cli("limits", "rules").stdout
    product.cli("limits", "disallow", "--client", "healthy")
    product.cli("limits", "disallow", "10.0.0.0/8")

    assert "Allowed 10.0.0.0/8: no limit, until" in allowed
    assert [("address", "10.0.0.0/8", None), ("client", blocked["healthy"]["clientId"], 5.0)] == [
        (rule["subject"], rule["name"], rule["rate"]) for rule in listed
    ]
    assert "build farm" in shown
    assert [] == told(product, "rules")
    assert "There are no exceptions" in product.cli("limits", "rules").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["unblock", "payments"], 1, "no IP address"),
        (["allow", "payments"], 1, "no network"),
        (["allow", "10.0.0.0/8", "--rate", "5"], 1, "a rate and a burst"),
        (["allow"], 2, "Name a network"),
        (["allow", "10.0.0.0/8", "--client", "healthy"], 2, "Name a network"),
        (["disallow", "10.0.0.0/8"], 1, "no exception"),
        (["list", "--last", "0"], 2, "longer than nothing"),
    ],
)
def test_mistakes_are_told_in_one_sentence(product: Product, arguments: list[str], code: int, words: str) -> None:
    done = product.cli("limits", *arguments, check=False)

    assert code == done.returncode
    assert words in done.stderr


def test_no_secret_is_in_what_is_kept(product: Product, blocked: dict[str, Any]) -> None:
    pasted = {"clientId": blocked["healthy"]["clientSecret"], "clientSecret": "x"}
    ask(product, pasted, THEIRS)
    eventually(lambda: "(not a client id)" in str(told(product, "show", THEIRS)))
    kept = b"".join(path.read_bytes() for path in product.data.glob("gatekey.db*"))

    assert blocked["healthy"]["clientSecret"].encode() not in kept
