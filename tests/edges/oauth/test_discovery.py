"""
What others read to trust our tokens, over a real socket.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc import jwk

from support.service import Caller, Service, served

JWKS = ["/.well-known/jwks.json", "/protocol/openid-connect/certs"]
METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
METADATA = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served(tmp_path_factory.mktemp("discovery") / "data") as running:
        yield running


@pytest.fixture
def caller(service: Service) -> Caller:
    return service.caller


@pytest.mark.parametrize("path", METADATA)
def test_the_metadata_names_what_is_there_and_nothing_else(service: Service, caller: Caller, path: str) -> None:
    reply = caller.call("GET", path)

    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.document == {
        "issuer": service.url,
        "token_endpoint": f"{service.url}/oauth/token",
        "jwks_uri": f"{service.url}/.well-known/jwks.json",
        "authorization_endpoint": f"{service.url}/oauth/authorize",
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": [
            *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
            *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
        ],
        "introspection_endpoint": f"{service.url}/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint": f"{service.url}/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": METHODS,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def test_every_url_in_the_metadata_answers(service: Service, caller: Caller) -> None:
    metadata = caller.call("GET", METADATA[0]).document
    paths = [metadata[name].removeprefix(service.url) for name in ("jwks_uri", "authorization_endpoint")]

    assert [200, 400] == [caller.call("GET", path).status for path in paths]
    endpoints = [
        metadata[f"{name}_endpoint"].removeprefix(service.url) for name in ("token", "introspection", "revocation")
    ]
    assert [400] * 3 == [caller.call("POST", endpoint).status for endpoint in endpoints]


def test_asking_for_a_code_is_refused_in_words_of_oauth(caller: Caller) -> None:
    reply = caller.call("GET", "/oauth/authorize?response_type=code&client_id=x&redirect_uri=https://evil.example")

    assert (400, "unsupported_response_type") == (reply.status, reply.document["error"])
    assert "location" not in reply.headers
    assert b"evil" not in reply.body


@pytest.mark.parametrize("path", JWKS)
def test_the_keys_are_public_and_import_as_they_are(caller: Caller, path: str) -> None:
    reply = caller.call("GET", path)
    (published,) = reply.document["keys"]

    assert reply.status == 200
    assert reply.headers["cache-control"] == "public, max-age=60"
    assert {"kty", "n", "e", "kid", "use", "alg"} == set(published)
    assert published["kid"] == jwk.RSAKey.import_key(published).thumbprint()


def test_all_paths_show_the_same_keys(caller: Caller) -> None:
    assert caller.call("GET", JWKS[0]).body == caller.call("GET", JWKS[1]).body
    assert caller.call("GET", METADATA[0]).body == caller.call("GET", METADATA[1]).body


@pytest.mark.parametrize("path", [*METADATA, *JWKS])
def test_the_host_header_does_not_move_anything(service: Service, caller: Caller, path: str) -> None:
    reply = caller.call("GET", path, {"host": "evil.example", "x-forwarded-host": "evil.example"})

    assert reply.status == 200
    assert b"evil" not in reply.body
    assert path in JWKS or reply.document["issuer"] == service.url


@pytest.mark.parametrize("path", [*METADATA, *JWKS])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_there_can_be_changed(caller: Caller, path: str, method: str) -> None:
    assert caller.call(method, path).status == 405


@pytest.mark.parametrize("path", ["/nowhere", "/.well-known/", "/.well-known/jwks.json/x", "/oauth", "/sign-in/x/y"])
def test_what_is_not_there_is_404(caller: Caller, path: str) -> None:
    assert caller.call("GET", path).status == 404


@pytest.mark.parametrize("path", [f"{path}/" for path in (*METADATA, *JWKS, "/secrets", "/health/live")])
def test_no_answer_sends_anyone_to_a_host_they_named_themselves(caller: Caller, path: str) -> None:
    reply = caller.call("GET", path, {"host": "evil.example"})

    assert "evil" not in json.dumps(reply.headers)


def test_issuer_and_urls_follow_the_public_url(tmp_path: Path) -> None:
    with served(tmp_path / "data", public_url="https://login.example.org/gatekey/") as service:
        metadata = service.caller.call("GET", METADATA[0]).document

    assert metadata["issuer"] == "https://login.example.org/gatekey"
    assert metadata["token_endpoint"] == "https://login.example.org/gatekey/oauth/token"
    assert metadata["jwks_uri"] == "https://login.example.org/gatekey/.well-known/jwks.json"


def test_probes_learn_that_the_service_lives_and_can_issue(caller: Caller) -> None:
    replies = [caller.call("GET", path) for path in ("/health/live", "/health/ready")]

    assert [(200, {"status": "UP"})] * 2 == [(reply.status, reply.document) for reply in replies]
