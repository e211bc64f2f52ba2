"""
Signing keys that change while the service runs: nobody who follows the key set ever sees a token that fails.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwk, jws, jwt

from support.product import Product, running_product

QUICK = {"limit_rate": 10_000, "limit_burst": 10_000, "limit_block_after": 10_000, "storm_shield": 0}
JWKS = "/.well-known/jwks.json"


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with running_product(tmp_path / "data", with_gateway=False, token_algorithm="ES256", workers=2, **QUICK) as running:
        yield running


@pytest.fixture
def client(product: Product) -> dict[str, Any]:
    return product.create_client("a-client")


def token(product: Product, client: dict[str, Any]) -> str:
    status, body = product.ask_token(client["clientId"], client["clientSecret"])
    assert status == 200, body
    text: str = body["access_token"]
    return text


def kid_of(text: str) -> str:
    kid: str = jws.extract_compact(text.encode()).headers()["kid"]
    return kid


def key_set(product: Product, path: str = JWKS) -> Any:
    return httpx.get(f"{product.http}{path}", trust_env=False).json()


def keys(product: Product) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(product.cli("keys", "list", "--json").stdout)
    return listed


def verify(product: Product, text: str, known: Any = None) -> dict[str, Any]:
    found = jwk.KeySet.import_key_set(known or key_set(product))
    return jwt.decode(text, found, ["RS256", "ES256", "Ed25519"]).claims


def introspect(product: Product, client: dict[str, Any], text: str) -> bool:
    who = {"client_id": client["clientId"], "client_secret": client["clientSecret"], "token": text}
    active: bool = httpx.post(f"{product.http}/oauth/introspect", data=who, trust_env=False).json()["active"]
    return active


def test_a_rotation_publishes_first_and_signs_later(product: Product, client: dict[str, Any]) -> None:
    before = token(product, client)
    product.cli("keys", "rotate")
    published = [key["kid"] for key in key_set(product)["keys"]]
    after = [kid_of(token(product, client)) for _ in range(4)]

    assert 2 == len(published)
    assert {kid_of(before)} == set(after)
    assert ["signs", "published, signs later"] == [key["state"] for key in keys(product)]


def test_a_rotation_now_signs_at_once_on_every_worker(product: Product, client: dict[str, Any]) -> None:
    before = token(product, client)
    product.cli("keys", "rotate", "--now")
    after = [token(product, client) for _ in range(6)]

    assert {keys(product)[1]["kid"]} == {kid_of(text) for text in after}
    assert all(verify(product, text) for text in (before, *after))
    assert introspect(product, client, before)


def test_a_withdrawn_keys_tokens_are_worthless(product: Product, client: dict[str, Any]) -> None:
    stolen = token(product, client)
    product.cli("keys", "withdraw", kid_of(stolen), "--yes")
    fresh = token(product, client)

    assert [kid_of(fresh)] == [key["kid"] for key in key_set(product)["keys"]]
    assert verify(product, fresh)
    assert [False, True] == [introspect(product, client, text) for text in (stolen, fresh)]


def test_a_key_whose_tokens_live_is_not_retired(product: Product, client: dict[str, Any]) -> None:
    before = token(product, client)
    signs = product.cli("keys", "retire", kid_of(before), check=False)
    product.cli("keys", "rotate", "--now")
    alive = product.cli("keys", "retire", kid_of(before), check=False)

    assert ("signs tokens now" in signs.stderr, "still alive" in alive.stderr) == (True, True)
    assert [1, 1] == [done.returncode for done in (signs, alive)]
    assert verify(product, before)


def test_keys_are_the_same_after_a_restart(product: Product, client: dict[str, Any]) -> None:
    product.cli("keys", "rotate")
    before, known = token(product, client), key_set(product)
    product.stop()
    product.start()

    assert known == key_set(product)
    assert kid_of(before) == kid_of(token(product, client))
    assert verify(product, before)


def test_another_algorithm_takes_over_when_its_time_has_come(product: Product, client: dict[str, Any]) -> None:
    before = token(product, client)
    product.stop()
    product.settings |= {"token_algorithm": "RS256", "key_lead": "0"}
    product.start()
    after = token(product, client)
    algorithms = [jws.extract_compact(text.encode()).headers()["alg"] for text in (before, after)]

    assert ["ES256", "RS256"] == algorithms
    assert all(verify(product, text) for text in (before, after))


@pytest.mark.parametrize(
    ("setting", "form"), [("RS256", "JWT"), ("RS256", "at+jwt"), ("ES256", "at+jwt"), ("EdDSA", "JWT")]
)
def test_every_algorithm_and_form_verifies_by_another_implementation(tmp_path: Path, setting: str, form: str) -> None:
    with running_product(
        tmp_path / "data", with_gateway=False, token_algorithm=setting, token_form=form, **QUICK
    ) as product:
        client = product.create_client("a-client", "Zeebe,Secrets")
        text = token(product, client)
        [published] = key_set(product)["keys"]
        header = jws.extract_compact(text.encode()).headers()
        # Some implementations know EdDSA by its newer name only (RFC 9864).
        found = jwk.import_key({name: value for name, value in published.items() if name != "alg"})
        registry = jws.JWSRegistry(algorithms=[setting])
        registry.algorithms = {**registry.algorithms, "EdDSA": registry.algorithms["Ed25519"]}
        claims = jwt.decode(text, found, registry=registry).claims
        secrets = product.ask_token(client["clientId"], client["clientSecret"], "secrets.camunda.io")[1]["access_token"]
        status = httpx.get(
            f"{product.http}/secrets", headers={"authorization": f"Bearer {secrets}"}, trust_env=False
        ).status_code

    assert {"alg": setting, "typ": form, "kid": published["kid"]} == header
    assert (client["clientId"], "zeebe.camunda.io") == (claims["sub"], claims["aud"])
    assert 200 == status


def test_the_key_set_may_be_cached_and_has_two_places(product: Product) -> None:
    answer = httpx.get(f"{product.http}{JWKS}", trust_env=False)

    assert "max-age=60" in answer.headers["cache-control"]
    assert answer.json() == key_set(product, "/protocol/openid-connect/certs")
    assert not {"d", "p", "q"} & {name for key in answer.json()["keys"] for name in key}
