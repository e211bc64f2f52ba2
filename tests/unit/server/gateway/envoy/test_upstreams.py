from dataclasses import replace
from typing import Any

import pytest

from gatekey.server.gateway.envoy.upstreams import compile_upstreams
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster, UpstreamTls

PLAIN = UpstreamTls()


def compiled(grpc: Address | None, rest: Address | None, tls: UpstreamTls = PLAIN) -> dict[str, Any]:
    clusters = (GuardedCluster("one", "local", grpc, rest, tls=tls),)
    view = GatewayView(Address("localhost", 26600), "http://issuer", "{}", "camunda.io", clusters=clusters)
    return {document["name"]: document for document in compile_upstreams(view)}


def protocol(document: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = document["typed_extension_protocol_options"]
    config: dict[str, Any] = options["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]["explicit_http_config"]
    return config


def test_grpc_goes_over_http2_and_rest_over_http1() -> None:
    upstreams = compiled(Address("localhost", 26500), Address("localhost", 8080))

    assert {"one/grpc", "one/rest"} == upstreams.keys()
    assert ["http2_protocol_options"] == list(protocol(upstreams["one/grpc"]))
    assert ["http_protocol_options"] == list(protocol(upstreams["one/rest"]))


@pytest.mark.parametrize(("grpc", "rest"), [(None, None), (None, "rest"), ("grpc", None)])
def test_what_a_cluster_does_not_have_is_not_there(grpc: str | None, rest: str | None) -> None:
    address = Address("localhost", 1)
    upstreams = compiled(address if grpc else None, address if rest else None)

    assert [f"one/{name}" for name in (grpc, rest) if name] == list(upstreams)


@pytest.mark.parametrize(("host", "kind"), [("127.0.0.1", "STATIC"), ("::1", "STATIC"), ("localhost", "STRICT_DNS")])
def test_names_are_resolved_again_and_again_and_hold_up_nobody(host: str, kind: str) -> None:
    upstream = compiled(Address(host, 1), None)["one/grpc"]

    assert kind == upstream["type"]
    assert (None if kind == "STATIC" else False) is upstream.get("wait_for_warm_on_init")


def test_no_number_of_streams_is_too_many() -> None:
    upstream = compiled(Address("localhost", 1), None)["one/grpc"]

    assert {1_000_000} == set(upstream["circuit_breakers"]["thresholds"][0].values())


def test_a_server_behind_tls_must_prove_its_name() -> None:
    upstream = compiled(Address("zeebe.example.org", 443, tls=True), None)["one/grpc"]
    context = upstream["transport_socket"]["typed_config"]

    assert ("zeebe.example.org", True) == (context["sni"], context["auto_sni_san_validation"])
    assert context["common_tls_context"]["validation_context"]["trusted_ca"]
    assert "transport_socket" not in compiled(Address("zeebe", 80), None)["one/grpc"]


def test_a_cluster_may_have_authorities_a_name_and_a_client_certificate_of_its_own() -> None:
    tls = UpstreamTls("/own.pem", "zeebe.example.org", ("/chain.pem", "/key.pem"), "1")
    upstream = compiled(Address("10.0.0.1", 443, tls=True), None, tls)["one/grpc"]
    renewed = compiled(Address("10.0.0.1", 443, tls=True), None, replace(tls, version="2"))["one/grpc"]
    context = upstream["transport_socket"]["typed_config"]
    common = context["common_tls_context"]

    assert "zeebe.example.org" == context["sni"]
    assert {"filename": "/own.pem"} == common["validation_context"]["trusted_ca"]
    assert {"filename": "/key.pem"} == common["tls_certificates"][0]["private_key"]
    assert upstream != renewed
