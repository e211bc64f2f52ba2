import json

import pytest

from gatekey.server.gateway.envoy.listener import Front, compile_certificate
from gatekey.server.gateway.envoy.remote import ServicePlace, certificate_of, compile_remote_bootstrap
from gatekey.server.gateway.policy.model import Address, read_address

FRONT = Front((Address("0.0.0.0", 26600),), 600)  # noqa: S104 - nothing listens here
PLACE = ServicePlace(read_address("https://login.example.org"), "the-key", "-----BEGIN CERTIFICATE-----")
BOOTSTRAP = compile_remote_bootstrap("one", FRONT, PLACE, None, None)
SERVICE = BOOTSTRAP["static_resources"]["clusters"][0]


def test_the_key_stands_once_where_envoy_hides_it() -> None:
    secret = BOOTSTRAP["static_resources"]["secrets"][0]["generic_secret"]["secret"]

    assert {"inline_string": "Bearer the-key"} == secret
    assert 1 == json.dumps(BOOTSTRAP).count("the-key")
    assert "the-key" not in repr(PLACE)


def test_the_service_is_called_by_its_name_and_must_prove_it() -> None:
    context = SERVICE["transport_socket"]["typed_config"]

    assert "login.example.org" == SERVICE["name"]
    assert ("login.example.org", True) == (context["sni"], context["auto_sni_san_validation"])
    assert "inline_string" in context["common_tls_context"]["validation_context"]["trusted_ca"]


def test_a_service_without_tls_is_called_without() -> None:
    plain = ServicePlace(read_address("http://localhost:8400"), "the-key")
    bootstrap = compile_remote_bootstrap("one", FRONT, plain, None, None)

    assert "transport_socket" not in bootstrap["static_resources"]["clusters"][0]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://localhost:8400", "localhost:8400"),
        ("http://login.example.org", "login.example.org"),
        ("https://login.example.org:8443", "login.example.org:8443"),
        ("https://[::1]:443", "::1"),
    ],
)
def test_the_host_header_has_the_port_where_it_is_not_the_usual_one(url: str, name: str) -> None:
    assert name == ServicePlace(read_address(url), "key").name


def test_no_call_is_taken_before_everything_is_known() -> None:
    text = json.dumps(BOOTSTRAP)

    assert 5 == text.count('"initial_fetch_timeout": "0s"') == text.count('"api_type": "REST"')


def test_without_an_administration_nobody_can_ask_envoy_about_itself() -> None:
    assert "admin" not in BOOTSTRAP
    assert "admin" in compile_remote_bootstrap("one", FRONT, PLACE, None, "/run/gateway.sock")


def test_a_gateway_is_told_of_the_certificate_that_it_named_itself() -> None:
    front = Front(FRONT.addresses, 600, tls=True)
    bootstrap = compile_remote_bootstrap("one", front, PLACE, ("/tls/chain.pem", "/tls/key.pem"), None)

    assert compile_certificate("/tls/chain.pem", "/tls/key.pem") == certificate_of(bootstrap["node"])
    assert () == certificate_of(BOOTSTRAP["node"]) == certificate_of({"metadata": {"certificate": 1, "key": "x"}})
