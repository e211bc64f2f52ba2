import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.client.cache.camunda_file import entries, token_in
from gatekey.client.cache.disk import DiskCache
from gatekey.client.cache.ports import CacheKey
from gatekey.client.policy import CacheEntry
from gatekey.client.token import Token
from gatekey.oauth.secret_text import SecretText

NOW = 1_800_000_000
KEY = CacheKey("http://localhost:8400/oauth/token", "my-client", "zeebe.camunda.io", None, SecretText("s"))
CLAIMS = {
    "iss": "http://localhost:8400",
    "aud": "zeebe.camunda.io",
    "azp": "my-client",
    "iat": NOW,
    "exp": NOW + 86_400,
}


def jwt(**claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.sig"


def java(token: str, name: str = "my-client") -> str:
    return f"""---
{name}:
  auth:
    credentials:
      accessToken: "{token}"
      expiry: "2027-01-16T08:00:00.123+01:00"
      tokenType: "Bearer"
"""


def go(token: str, name: str = "zeebe.camunda.io") -> str:
    return f"""{name}:
  auth:
    credentials:
      accesstoken: {token}
      tokentype: Bearer
      refreshtoken: ""
      expiry: 2027-01-16T08:00:00.750915027+01:00
"""


@pytest.mark.parametrize("form", [java, go])
def test_a_token_of_camundas_clients_is_found(form: Any) -> None:
    text = form(jwt(**{**CLAIMS, "aud": "operate.camunda.io"}), "other") + form(jwt(**CLAIMS)).removeprefix("---\n")

    token = token_in(text, KEY)

    assert token
    assert jwt(**CLAIMS) == token.access_token.reveal()
    assert NOW == token.obtained_at
    assert NOW < token.renew_at < token.expires_at <= NOW + 86_400


@pytest.mark.parametrize(
    "claims",
    [
        {"azp": "another-client"},
        {"azp": None},
        {"aud": "operate.camunda.io"},
        {"aud": None},
        {"iss": "http://elsewhere:8400"},
        {"iss": "http://localhost:8401"},
        {"iss": None},
        {"exp": None},
        {"iat": "yesterday"},
    ],
)
def test_a_token_that_does_not_claim_to_be_this_one_is_left_alone(claims: Mapping[str, object]) -> None:
    assert token_in(java(jwt(**{**CLAIMS, **claims})), KEY) is None


def test_an_unreadable_expiry_leaves_that_of_the_token() -> None:
    token = token_in(java(jwt(**CLAIMS)).replace("2027-01-16", "tomorrow"), KEY)

    assert token
    assert NOW + 86_400 == token.expires_at


def test_an_opaque_token_claims_nothing() -> None:
    assert token_in(java("opaque"), KEY) is None
    assert token_in(java(jwt(**CLAIMS)), replace(KEY, audience=None)) is None


def test_camundas_cloud_grants_in_the_name_of_its_other_host() -> None:
    key = replace(KEY, token_url="https://login.cloud.camunda.io/oauth/token")
    cloud = {
        "iss": "https://weblogin.cloud.camunda.io/",
        "azp": "internal",
        "https://camunda.com/clientId": "my-client",
    }

    assert token_in(java(jwt(**{**CLAIMS, **cloud})), key)
    assert token_in(java(jwt(**{**CLAIMS, **cloud, "iss": "https://weblogin.cloud.example.com/"})), key) is None


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    list(entries(text))
    assert token_in(text, KEY) is None


def written(path: Path, mode: int = 0o640) -> Path:
    path.write_text(java(jwt(**CLAIMS)))
    path.chmod(mode)
    return path


def test_the_folder_looks_there_too(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "tokens", neighbour=written(tmp_path / "credentials"))

    token = cache.look(KEY).token

    assert token
    assert jwt(**CLAIMS) == token.access_token.reveal()
    assert DiskCache(tmp_path / "tokens", neighbour=tmp_path / "missing").look(KEY).token is None


def test_a_file_that_others_can_write_is_nobodys_word(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "tokens", neighbour=written(tmp_path / "credentials", 0o666))

    assert cache.look(KEY).token is None


def test_the_longer_lived_of_two_tokens_counts(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "tokens", neighbour=written(tmp_path / "credentials"))
    own = Token(SecretText("own"), NOW + 10.0, NOW + 90_000.0, NOW + 100_000.0)

    cache.keep(KEY, CacheEntry(own))

    assert own == cache.look(KEY).token
