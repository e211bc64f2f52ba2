import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.client.config.forms import parse_any, parse_json, parse_properties
from gatekey.client.config.settings import SettingsPlace, resolve
from gatekey.errors import ConfigurationError

ENVIRONMENT = """
# comment
export ZEEBE_CLIENT_ID='id'
export ZEEBE_CLIENT_SECRET='secret'
export CAMUNDA_OAUTH_URL='https://host/oauth/token'
export ZEEBE_TOKEN_AUDIENCE='zeebe.camunda.io'
"""
DOTENV = """
ZEEBE_CLIENT_ID=id
ZEEBE_CLIENT_SECRET=secret
CAMUNDA_OAUTH_URL=https://host/oauth/token
ZEEBE_TOKEN_AUDIENCE=zeebe.camunda.io
"""
WORDS = """
{"token_url": "https://host/oauth/token", "clientId": "id", "client-secret": "secret", "audience": "zeebe.camunda.io"}
"""
NAMES = """
{"ZEEBE_CLIENT_ID": "id", "ZEEBE_CLIENT_SECRET": "secret", "CAMUNDA_OAUTH_URL": "https://host/oauth/token",
 "ZEEBE_TOKEN_AUDIENCE": "zeebe.camunda.io", "ports": [1, 2], "active": true}
"""
PROPERTIES = """
# comment
! another
camunda.client.mode=self-managed
camunda.client.auth.client-id = id
camunda.client.auth.clientSecret: secret
camunda.client.auth.token-url=https://host/oauth/token
camunda.client.auth.audience=zeebe.camunda.io
camunda.client.auth.scope=${ELSEWHERE}
"""
OLD_PROPERTIES = """
zeebe.client.cloud.clientId=id
zeebe.client.cloud.clientSecret=secret
camunda.client.auth.token-url=https://host/oauth/token
camunda.client.auth.audience=zeebe.camunda.io
"""


ESCAPED_PROPERTIES = PROPERTIES.replace("https://", "https\\://")


@pytest.mark.parametrize("text", [ENVIRONMENT, DOTENV, WORDS, NAMES, PROPERTIES, OLD_PROPERTIES, ESCAPED_PROPERTIES])
def test_every_form_says_the_same(text: str) -> None:
    values, in_words = parse_any(text)
    settings = resolve([SettingsPlace("the file", values, in_words)])

    assert ("id", "secret", "https://host/oauth/token", "zeebe.camunda.io", None) == (
        settings.client_id,
        settings.client_secret.reveal(),
        settings.token_url,
        settings.audience,
        settings.token_scope,
    )


def test_nested_names_are_joined() -> None:
    assert {"auth_client_id": "id", "name": "n"} == parse_json('{"auth": {"clientId": "id"}, "name": "n"}')


@pytest.mark.parametrize("text", ['{"client_secret": "hidden"', "{" * 100_000])
def test_broken_json_is_told_without_its_content(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_any(text)

    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_broken_property_is_told_by_its_line_number_alone() -> None:
    with pytest.raises(ConfigurationError, match="Line 2 of") as caught:
        parse_properties("camunda.client.mode=saas\nhidden hidden")

    assert "hidden" not in str(caught.value)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        values, _ = parse_any(text)
    except ConfigurationError:
        return
    assert all(isinstance(value, str) for value in values.values())


def test_a_kubernetes_secret_is_read() -> None:
    encoded = base64.b64encode(b"hidden").decode()
    manifest = {"apiVersion": "v1", "kind": "Secret", "data": {"ZEEBE_CLIENT_SECRET": encoded}}

    assert ({"ZEEBE_CLIENT_SECRET": "hidden", "ZEEBE_CLIENT_ID": "id"}, True) == parse_any(
        json.dumps(manifest | {"stringData": {"ZEEBE_CLIENT_ID": "id"}})
    )


def test_a_kubernetes_secret_that_is_damaged_is_refused_without_its_words() -> None:
    with pytest.raises(ConfigurationError, match="no base64") as caught:
        parse_any('{"kind": "Secret", "data": {"ZEEBE_CLIENT_SECRET": "hush!"}}')

    assert "hush" not in str(caught.value)
