import base64
import os
from pathlib import Path

from gatekey.client.config.authentication import CertificateAlone, SecretInBody, SecretInHeader, token_request
from gatekey.client.config.settings import ClientSettings
from gatekey.oauth.client_authentication import Method, SecretCredential
from gatekey.oauth.fields import FORM
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.token_request import TokenRequest, read_request

SETTINGS = ClientSettings("http://localhost:8400/oauth/token", "id", SecretText("hidden-secret"), "zeebe.camunda.io")


def test_the_request_is_one_that_the_service_reads() -> None:
    request = token_request(SETTINGS)

    read = read_request(FORM, None, request.body)

    credential = SecretCredential("id", SecretText("hidden-secret"), Method.POST)
    assert TokenRequest(credential, "zeebe.camunda.io") == read
    assert ("POST", "http://localhost:8400/oauth/token") == (request.method, request.url)
    assert "hidden-secret" not in repr(request)


def test_a_secret_may_stand_in_a_header_instead() -> None:
    settings = ClientSettings("http://localhost/", "id:with/signs", SecretText("ü%"), None)
    request = token_request(settings, 0.0, SecretInHeader())

    authorization = dict(request.headers)["Authorization"]

    assert b"id%3Awith%2Fsigns:%C3%BC%25" == base64.b64decode(authorization.removeprefix("Basic "))
    assert b"grant_type=client_credentials" == request.body


def test_a_certificate_needs_no_secret_but_the_id() -> None:
    request = token_request(SETTINGS, 0.0, CertificateAlone())

    assert b"grant_type=client_credentials&client_id=id&audience=zeebe.camunda.io" == request.body
    assert not CertificateAlone().needs_secret


def test_without_an_audience_the_server_chooses_and_a_scope_is_sent_where_there_is_one() -> None:
    settings = ClientSettings("http://localhost/", "id", SecretText("s"), None, token_scope="a b")

    assert b"grant_type=client_credentials&client_id=id&client_secret=s&scope=a+b" == token_request(settings).body


def test_what_proves_a_client_tells_credentials_apart() -> None:
    assert SETTINGS.client_secret == SecretInBody().fingerprint(SETTINGS) == SecretInHeader().fingerprint(SETTINGS)


def test_a_renewed_certificate_is_another_credential(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    settings = ClientSettings("http://localhost/", "id", SecretText(""), None, certificate=str(path))
    missing = CertificateAlone().fingerprint(settings)
    path.write_text("one")
    os.utime(path, (1, 1))
    before = CertificateAlone().fingerprint(settings)
    path.write_text("another")
    os.utime(path, (2, 2))

    assert 3 == len({missing, before, CertificateAlone().fingerprint(settings)})
