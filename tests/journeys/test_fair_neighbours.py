"""
Two unmodified clients behind one address: one goes on with a deleted client's credentials, the other one is well.
"""

from pathlib import Path
from typing import Any

import httpx
import pytest
from camunda_orchestration_sdk.runtime.auth import OAuthClientCredentialsAuthProvider
from pyzeebe.credentials.oauth import Oauth2ClientCredentialsMetadataPlugin
from pyzeebe.errors import InvalidOAuthCredentialsError

from support.product import Product, running_product
from support.service import eventually

AUDIENCE = "zeebe.camunda.io"
STUBBORN = 80
"""Tries: the burst and the refusals that lead to a block, twice."""


@pytest.fixture(autouse=True)
def insecure_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What oauthlib, and so every user of pyzeebe, needs for a token URL without TLS.
    """
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def deleted(product: Product) -> dict[str, Any]:
    client = product.create_client("deleted")
    product.cli("clients", "delete", "deleted", "--yes")
    return client


def fails_on(product: Product, client: dict[str, Any]) -> list[str]:
    """
    Let pyzeebe ask as its worker does: for each call anew, whatever it heard. Return what it made of the answers.
    """
    plugin = Oauth2ClientCredentialsMetadataPlugin(
        client["clientId"], client["clientSecret"], product.token_url, audience=AUDIENCE
    )
    heard = []
    for _ in range(STUBBORN):
        with pytest.raises(InvalidOAuthCredentialsError) as raised:
            plugin.retrieve_token()
        heard.append(str(raised.value))
    return heard


def fetch(product: Product, client: dict[str, Any]) -> str:
    """
    Let Camunda's SDK get a token, as after a restart: it remembers none.
    """
    provider = OAuthClientCredentialsAuthProvider(
        oauth_url=product.token_url,
        client_id=client["clientId"],
        client_secret=client["clientSecret"],
        audience=AUDIENCE,
    )
    with provider:
        return provider.get_headers()["Authorization"]


def test_in_fair_mode_the_healthy_client_gets_its_tokens(tmp_path: Path) -> None:
    with running_product(tmp_path / "data", with_gateway=False, workers=2, limit_mode="fair") as product:
        healthy, culprit = product.create_client("healthy"), deleted(product)
        heard = fails_on(product, culprit)
        tokens = [fetch(product, healthy) for _ in range(5)]

        assert "invalid_client" in heard[0]
        assert "too_many_requests" in heard[-1]
        assert "is blocked at this address" in heard[-1]
        assert all(token.startswith("Bearer ey") for token in tokens)


def test_in_strict_mode_it_pays_for_its_neighbour(tmp_path: Path) -> None:
    with running_product(tmp_path / "data", with_gateway=False, workers=2) as product:
        healthy, culprit = product.create_client("healthy"), deleted(product)
        heard = fails_on(product, culprit)

        assert "This address is blocked" in heard[-1]
        with pytest.raises(httpx.HTTPStatusError, match="429"):
            fetch(product, healthy)


def test_an_exception_holds_in_every_worker_within_seconds(tmp_path: Path) -> None:
    with running_product(tmp_path / "data", with_gateway=False, workers=2) as product:
        healthy, culprit = product.create_client("healthy"), deleted(product)
        fails_on(product, culprit)
        refused, _ = product.ask_token(healthy["clientId"], healthy["clientSecret"])
        for loopback in ("127.0.0.1", "::1"):
            product.cli("limits", "allow", loopback)

        assert 429 == refused
        eventually(lambda: product.ask_token(healthy["clientId"], healthy["clientSecret"])[0] == 200)
        eventually(lambda: {product.ask_token("x", "y")[0] for _ in range(50)} == {401})
