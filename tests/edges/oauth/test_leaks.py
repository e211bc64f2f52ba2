"""
The leak endpoint: whoever finds a secret can end it, and learns nothing by trying.
"""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gatekey.oauth.identifiers import make_secret, make_secret_id
from support.product import Product, running_product

QUICK = {"limit_rate": 10_000, "limit_burst": 10_000, "limit_block_after": 10_000}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("product") / "data", with_gateway=False, **QUICK) as running:
        yield running


def report(product: Product, **sent: Any) -> httpx.Response:
    return httpx.post(f"{product.http}/leaks", trust_env=False, **sent)


def works(product: Product, client: dict[str, Any]) -> bool:
    return product.ask_token(client["clientId"], client["clientSecret"])[0] == 200


def secrets_of(product: Product, name: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(product.cli("clients", "secrets", "list", name, "--json").stdout)
    return listed


@pytest.mark.parametrize("form", ["data", "json"])
def test_a_found_secret_stops_working_even_if_it_is_the_last(product: Product, form: str) -> None:
    client = product.create_client(f"leaked-{form}")
    before = works(product, client)
    answer = report(product, **{form: {"secret": client["clientSecret"]}})

    assert (True, 202, False) == (before, answer.status_code, works(product, client))
    assert secrets_of(product, f"leaked-{form}")[0]["ended"]


def test_its_tokens_are_revoked(product: Product) -> None:
    leaked, asking = product.create_client("leaked-with-tokens"), product.create_client("asking")
    token = product.ask_token(leaked["clientId"], leaked["clientSecret"])[1]["access_token"]
    who = {"client_id": asking["clientId"], "client_secret": asking["clientSecret"], "token": token}
    before = httpx.post(f"{product.http}/oauth/introspect", data=who, trust_env=False).json()["active"]
    report(product, data={"secret": leaked["clientSecret"]})
    after = httpx.post(f"{product.http}/oauth/introspect", data=who, trust_env=False).json()

    assert (True, {"active": False}) == (before, after)


def test_the_client_can_go_on_with_a_new_secret(product: Product) -> None:
    client = product.create_client("recovering")
    report(product, data={"secret": client["clientSecret"]})
    rotated = json.loads(product.cli("clients", "secrets", "rotate", "recovering", "--json").stdout)

    assert works(product, {**client, "clientSecret": rotated["clientSecret"]})


def test_the_other_secrets_of_the_client_work_on(product: Product) -> None:
    client = product.create_client("two-secrets")
    rotated = json.loads(product.cli("clients", "secrets", "rotate", "two-secrets", "--json").stdout)
    report(product, data={"secret": client["clientSecret"]})

    assert not works(product, client)
    assert works(product, {**client, "clientSecret": rotated["clientSecret"]})


def test_the_answer_never_tells_whether_it_was_one(product: Product) -> None:
    client = product.create_client("probed")
    right = client["clientSecret"]
    texts = [
        right,
        right,  # it has ended by now
        make_secret(right[4:14], secrets.choice),  # the right id, another text
        make_secret(make_secret_id(secrets.choice), secrets.choice),  # well-formed, unknown
        right[:-1] + ("a" if right[-1] != "a" else "b"),  # a wrong checksum
        client["clientId"],
        "",
        "x" * 8_000,
        "gks_",
        "é",
    ]
    answers = [report(product, data={"secret": text}) for text in texts]

    assert 1 == len(
        {(each.status_code, each.text, str(sorted(each.headers.items()))) for each in map(_undated, answers)}
    )


def _undated(answer: httpx.Response) -> httpx.Response:
    answer.headers.pop("date", None)
    return answer


def test_a_guess_with_a_right_id_ends_nothing(product: Product) -> None:
    client = product.create_client("guessed")
    report(product, data={"secret": make_secret(client["clientSecret"][4:14], secrets.choice)})

    assert works(product, client)


def test_who_ended_it_is_in_the_list_and_the_secret_in_no_log(product: Product) -> None:
    client = product.create_client("logged")
    report(product, data={"secret": client["clientSecret"]})

    assert client["clientSecret"] not in product.errors + product.printed


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"secret=a&secret=b", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 400),
        ({"content": b"[]", "headers": {"content-type": "application/json"}}, 400),
        ({"content": b'{"secret": 7}', "headers": {"content-type": "application/json"}}, 400),
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 400),
        ({"content": b"x" * 20_000, "headers": {"content-type": "application/json"}}, 413),
        ({"params": {"secret": "gks_in_the_url"}}, 400),
        ({"content": b'{"secret": "\\ud800"}', "headers": {"content-type": "application/json"}}, 400),
    ],
)
def test_what_cannot_be_read_is_malformed(product: Product, sent: dict[str, Any], status: int) -> None:
    answer = report(product, **sent)

    assert status == answer.status_code
    assert "gks_in_the_url" not in product.errors + product.printed


def test_reports_count_against_the_rate_limit(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_product(tmp_path_factory.mktemp("limited") / "data", with_gateway=False, limit_burst=3) as product:
        statuses = [report(product, data={"secret": "x"}).status_code for _ in range(6)]

    assert 429 in statuses
    assert {202, 429} == set(statuses)
