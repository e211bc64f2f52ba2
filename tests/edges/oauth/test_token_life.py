"""
Introspection (RFC 7662) and revocation (RFC 7009) over HTTP, against two worker processes.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.product import Product, running_product

QUICK = {"limit_rate": 10_000, "limit_burst": 10_000, "limit_block_after": 10_000, "storm_shield": 0}
PATHS = ["/oauth/introspect", "/oauth/revoke"]
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(
        tmp_path_factory.mktemp("product") / "data", with_gateway=False, workers=2, **QUICK
    ) as running:
        yield running


@pytest.fixture(scope="module")
def created(product: Product) -> dict[str, Any]:
    return product.create_client("asking", "Zeebe,Secrets")


@pytest.fixture(scope="module")
def other(product: Product) -> dict[str, Any]:
    return product.create_client("other")


@pytest.fixture(scope="module")
def elsewhere(product: Product) -> dict[str, Any]:
    product.cli("clusters", "create", "elsewhere")
    return product.create_client("elsewhere", cluster="elsewhere")


def post(product: Product, path: str, **sent: Any) -> httpx.Response:
    with httpx.Client(base_url=product.http, trust_env=False) as fresh:  # a new connection: it may meet either worker
        return fresh.post(path, **sent)


def credentials(client: dict[str, Any]) -> dict[str, str]:
    return {"client_id": client["clientId"], "client_secret": client["clientSecret"]}


def token_of(product: Product, client: dict[str, Any], audience: str = "zeebe.camunda.io") -> str:
    answer = post(product, "/oauth/token", data={**credentials(client), "audience": audience})
    token: str = answer.json()["access_token"]
    return token


def introspect(product: Product, client: dict[str, Any], token: str) -> dict[str, Any]:
    answer = post(product, "/oauth/introspect", data={**credentials(client), "token": token})
    assert 200 == answer.status_code, answer.text
    body: dict[str, Any] = answer.json()
    return body


def revoke(product: Product, client: dict[str, Any], token: str) -> httpx.Response:
    return post(product, "/oauth/revoke", data={**credentials(client), "token": token})


def test_an_active_token_tells_what_it_is(product: Product, created: dict[str, Any], other: dict[str, Any]) -> None:
    body = introspect(product, created, token_of(product, other))

    assert (True, "Bearer", other["clientId"], product.http, "zeebe.camunda.io") == (
        body["active"],
        body["token_type"],
        body["client_id"],
        body["iss"],
        body["aud"],
    )
    assert {"exp", "iat", "jti", "sub", "scope"} <= body.keys()


@pytest.mark.parametrize("token", ["x", "a.b.c", "gks_0123456789", "é", "x" * 8_000])
def test_anything_else_is_not_active_and_nothing_more_is_said(
    product: Product, created: dict[str, Any], token: str
) -> None:
    assert {"active": False} == introspect(product, created, token)


def test_tokens_of_another_cluster_are_nobodys_business(
    product: Product, created: dict[str, Any], elsewhere: dict[str, Any]
) -> None:
    assert {"active": False} == introspect(product, created, token_of(product, elsewhere))


def test_a_revoked_token_is_refused_on_every_worker(product: Product, created: dict[str, Any]) -> None:
    token, kept = (token_of(product, created, "secrets.camunda.io") for _ in range(2))
    secrets = f"{product.http}/secrets"
    bearer = [{"authorization": f"Bearer {each}"} for each in (token, kept)]
    before = httpx.get(secrets, headers=bearer[0], trust_env=False).status_code
    answer = revoke(product, created, token)
    actives = [introspect(product, created, token)["active"] for _ in range(6)]
    after = [httpx.get(secrets, headers=each, trust_env=False).status_code for each in bearer]

    assert (200, 200, "{}") == (before, answer.status_code, answer.text)
    assert [False] * 6 == actives
    assert [401, 200] == after
    assert introspect(product, created, kept)["active"]


@pytest.mark.parametrize("token", ["x", "a.b.c", "."])
def test_revoking_what_is_no_token_is_fine(product: Product, created: dict[str, Any], token: str) -> None:
    assert 200 == revoke(product, created, token).status_code


def test_revoking_twice_is_fine(product: Product, created: dict[str, Any]) -> None:
    token = token_of(product, created)

    assert [200, 200] == [revoke(product, created, token).status_code for _ in range(2)]


def test_nobody_revokes_anothers_token(product: Product, created: dict[str, Any], other: dict[str, Any]) -> None:
    token = token_of(product, other)
    answer = revoke(product, created, token)

    assert (400, "unauthorized_client") == (answer.status_code, answer.json()["error"])
    assert introspect(product, created, token)["active"]


@pytest.mark.parametrize("path", PATHS)
def test_whoever_asks_must_say_who_they_are(product: Product, created: dict[str, Any], path: str) -> None:
    token = token_of(product, created)
    nobody = post(product, path, data={"token": token})
    wrong = post(product, path, data={**credentials(created), "client_secret": "gks_wrong", "token": token})
    bearer = post(product, path, data={"token": token}, headers={"authorization": f"Bearer {token}"})

    assert [400, 401, 400] == [answer.status_code for answer in (nobody, wrong, bearer)]
    assert introspect(product, created, token)["active"]


@pytest.mark.parametrize("path", PATHS)
def test_basic_and_json_are_taken_as_at_the_token_endpoint(
    product: Product, created: dict[str, Any], path: str
) -> None:
    token = token_of(product, created)
    pair = f"{created['clientId']}:{created['clientSecret']}".encode()
    basic = {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
    by_basic = post(product, path, data={"token": token, "token_type_hint": "access_token"}, headers=basic)
    by_json = post(product, path, content=json.dumps({**credentials(created), "token": token}), headers=JSON)

    assert [200, 200] == [by_basic.status_code, by_json.status_code]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body", [b"", b"token=", b"token=a&token=b", b"token=%ff", b"token=a%00b", b"token=" + b"x" * 9_000]
)
def test_what_cannot_be_read_is_malformed(product: Product, created: dict[str, Any], path: str, body: bytes) -> None:
    who = "&".join(f"{name}={value}" for name, value in credentials(created).items()).encode()
    answer = post(product, path, content=who + b"&" + body, headers=FORM)

    assert (400, "invalid_request") == (answer.status_code, answer.json()["error"])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_post_is_taken(product: Product, path: str, method: str) -> None:
    answer = httpx.request(method, f"{product.http}{path}", trust_env=False)

    assert (405, "POST") == (answer.status_code, answer.headers["allow"])


@pytest.mark.parametrize("path", PATHS)
def test_a_token_in_the_url_is_refused(product: Product, created: dict[str, Any], path: str) -> None:
    answer = post(product, f"{path}?token=secret-in-a-url", data={**credentials(created), "token": "x"})

    assert 400 == answer.status_code
    assert "secret-in-a-url" not in product.errors + product.printed


@pytest.mark.parametrize("path", PATHS)
def test_answers_are_not_kept_by_anybody(product: Product, created: dict[str, Any], path: str) -> None:
    answers = [
        post(product, path, data={**credentials(created), "token": "x"}),
        post(product, path, data={"token": "x"}),
    ]

    assert {("no-store", "application/json")} == {
        (answer.headers["cache-control"], answer.headers["content-type"]) for answer in answers
    }


@pytest.mark.parametrize("path", PATHS)
def test_half_of_a_surrogate_pair_is_malformed_not_our_fault(product: Product, path: str) -> None:
    body = b'{"client_id": "a", "client_secret": "\\ud800", "token": "\\udfff"}'
    answer = post(product, path, content=body, headers=JSON)

    assert 400 == answer.status_code


def test_everything_a_client_has_can_be_revoked_from_the_command_line(product: Product) -> None:
    client = product.create_client("revoked-at-once")
    old = [token_of(product, client) for _ in range(2)]
    product.cli("tokens", "revoke", "--client", "revoked-at-once")
    new = token_of(product, client)

    assert [False, False, True] == [introspect(product, client, token)["active"] for token in (*old, new)]


def test_one_token_can_be_revoked_from_the_command_line(product: Product, created: dict[str, Any]) -> None:
    token, kept = (token_of(product, created) for _ in range(2))
    said = product.cli("tokens", "revoke", "--token-file", "-", input=f"{token}\n")

    assert token not in said.stdout + said.stderr
    assert [False, True] == [introspect(product, created, each)["active"] for each in (token, kept)]


def test_a_revocation_outlives_a_restart(product: Product, created: dict[str, Any]) -> None:
    token = token_of(product, created)
    revoke(product, created, token)
    product.stop()
    product.start()

    assert {"active": False} == introspect(product, created, token)
