"""
Clients that prove who they are with a key of their own, over HTTP, against two worker processes.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gatekey.oauth.client_authentication import ASSERTION_TYPE
from support.credentials import a_key, encode, good_claims, jwk_of, pem_of, sign_assertion
from support.product import Product, running_product

QUICK = {"limit_rate": 10_000, "limit_burst": 10_000, "limit_block_after": 10_000, "storm_shield": 0}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(
        tmp_path_factory.mktemp("product") / "data", with_gateway=False, workers=2, **QUICK
    ) as running:
        yield running


@pytest.fixture(scope="module")
def client_id(product: Product, tmp_path_factory: pytest.TempPathFactory) -> str:
    created: str = product.create_client("by-key")["clientId"]
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    keys = [{**jwk_of(a_key(kind)), "kid": kind} for kind in ("RS256", "ES256", "EdDSA")]
    file.write_text(json.dumps({"keys": keys}))
    product.cli("clients", "keys", "add", "by-key", "--file", str(file))
    return created


def ask(product: Product, path: str = "/oauth/token", **fields: str) -> httpx.Response:
    with httpx.Client(base_url=product.http, trust_env=False) as fresh:  # a new connection: it may meet either worker
        return fresh.post(path, data={"client_assertion_type": ASSERTION_TYPE, **fields})


def assertion(product: Product, client_id: str, kind: str = "ES256", **changes: Any) -> str:
    claims = {**good_claims(client_id, product.http, time.time()), **changes}
    return sign_assertion(a_key(kind), kind, claims, kid=kind)


@pytest.mark.parametrize("kind", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_signed_assertion_gets_a_token(product: Product, client_id: str, kind: str) -> None:
    kid = "RS256" if kind == "PS256" else kind
    claims = good_claims(client_id, product.token_url, time.time())
    answer = ask(
        product,
        grant_type="client_credentials",
        client_assertion=sign_assertion(a_key(kind), kind, claims, kid=kid),
        audience="zeebe.camunda.io",
    )

    assert 200 == answer.status_code, answer.text
    assert {"access_token", "expires_in", "token_type", "scope"} <= answer.json().keys()


def test_the_client_id_beside_it_must_agree(product: Product, client_id: str) -> None:
    right = ask(product, client_assertion=assertion(product, client_id), client_id=client_id)
    wrong = ask(product, client_assertion=assertion(product, client_id), client_id="somebody-else")

    assert [200, 400] == [right.status_code, wrong.status_code]


@pytest.mark.parametrize(
    "fields",
    [
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion_type": ""},
        {"client_secret": "gks_x"},
        {"client_assertion": ""},
        {"client_assertion": "a.b"},
        {"client_assertion": "a.b.c"},
        {"client_assertion": "x" * 9_000},
    ],
)
def test_half_an_assertion_and_two_credentials_are_malformed(
    product: Product, client_id: str, fields: dict[str, str]
) -> None:
    answer = ask(product, **{"client_assertion": assertion(product, client_id), **fields})

    assert (400, "invalid_request") == (answer.status_code, answer.json()["error"])


def test_what_is_wrong_is_told_to_nobody(product: Product, client_id: str) -> None:
    """
    One answer for all, the same as for an unknown client; never 503, which would mean that we are in trouble.
    """
    stranger = ec.generate_private_key(ec.SECP256R1())
    good = good_claims(client_id, product.http, time.time())
    head = encode(json.dumps({"alg": "none"}).encode())
    wrong = [
        assertion(product, client_id, aud="elsewhere"),
        assertion(product, client_id, exp=int(time.time()) - 3_600),
        assertion(product, client_id, exp=10**400),
        assertion(product, client_id, jti="\ud800"),
        assertion(product, "unknown"),
        sign_assertion(stranger, "ES256", good, kid="ES256", jwk=jwk_of(stranger)),
        sign_assertion(a_key("ES256"), "ES256", good, kid=["ES256"]),
        sign_assertion(a_key("ES256"), "ES256", good, kid="ES256", crit=["x"], x=1),
        f"{head}.{encode(json.dumps(good).encode())}.",
        f"{encode(b'[' * 300)}.{encode(json.dumps(good).encode())}.AA",
    ]
    answers = [ask(product, client_assertion=each) for each in wrong]

    assert {401} == {answer.status_code for answer in answers}
    assert 1 == len({answer.text for answer in answers})


def test_an_assertion_is_good_for_one_worker_once(product: Product, client_id: str) -> None:
    """
    Two processes serve here; which one takes a connection is the kernel's choice.
    """
    same = assertion(product, client_id)
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: ask(product, client_assertion=same).status_code, range(12)))

    assert 1 == answers.count(200)
    assert 11 == answers.count(401)


def test_one_by_one_too(product: Product, client_id: str) -> None:
    same = assertion(product, client_id)

    assert [200, 401, 401, 401, 401, 401] == [ask(product, client_assertion=same).status_code for _ in range(6)]


def test_introspection_and_revocation_take_it_too(product: Product, client_id: str) -> None:
    token = ask(product, client_assertion=assertion(product, client_id)).json()["access_token"]
    asked = [
        ask(product, path, client_assertion=assertion(product, client_id), token=token)
        for path in ("/oauth/introspect", "/oauth/revoke", "/oauth/introspect")
    ]

    assert [200, 200, 200] == [answer.status_code for answer in asked]
    assert [True, False] == [asked[0].json()["active"], asked[2].json()["active"]]


def test_a_spent_assertion_stays_spent_over_a_restart(tmp_path: Path) -> None:
    with running_product(tmp_path / "data", with_gateway=False, **QUICK) as product:
        created = product.create_client("by-key")["clientId"]
        file = tmp_path / "key.pem"
        file.write_text(pem_of(a_key("ES256")))
        product.cli("clients", "keys", "add", "by-key", "--file", str(file))
        same = sign_assertion(a_key("ES256"), "ES256", good_claims(created, product.http, time.time()))
        before = ask(product, client_assertion=same).status_code
        product.stop()
        product.start()
        after = ask(product, client_assertion=same).status_code

    assert (200, 401) == (before, after)


def test_a_removed_key_gets_nothing_more(product: Product, client_id: str) -> None:
    token = ask(product, client_assertion=assertion(product, client_id, "EdDSA")).json()["access_token"]
    product.cli("clients", "keys", "remove", "by-key", "EdDSA", "--yes")
    refused = ask(product, client_assertion=assertion(product, client_id, "EdDSA"))
    found = ask(product, "/oauth/introspect", client_assertion=assertion(product, client_id), token=token)

    assert 401 == refused.status_code
    assert {"active": False} == found.json()


def test_the_documents_announce_what_works(product: Product) -> None:
    document = httpx.get(f"{product.http}/.well-known/oauth-authorization-server", trust_env=False).json()

    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]
    assert {"RS256", "ES256", "EdDSA"} <= set(document["token_endpoint_auth_signing_alg_values_supported"])
    assert not [
        each for each in document["token_endpoint_auth_signing_alg_values_supported"] if each[:2] in {"HS", "no"}
    ]


def test_no_assertion_and_no_token_is_in_the_log(product: Product, client_id: str) -> None:
    same = assertion(product, client_id)
    token = ask(product, client_assertion=same).json()["access_token"]
    ask(product, client_assertion=same)

    assert same not in product.errors + product.printed
    assert token not in product.errors + product.printed
