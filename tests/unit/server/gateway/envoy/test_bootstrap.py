import json

from gatekey.server.gateway.envoy.bootstrap import compile_bootstrap
from gatekey.server.gateway.envoy.listener import Front
from gatekey.server.gateway.envoy.resources import Part
from gatekey.server.gateway.envoy.sources import Sources, file_source
from gatekey.server.gateway.policy.model import Address

PARTS = [f"{part}.json" for part in Part]
SOURCES = Sources(**dict(zip(Part, map(file_source, PARTS), strict=True)), certificate=file_source("certificate.json"))
FRONT = Front((Address("127.0.0.1", 26600), Address("::1", 26600)), 600)
BOOTSTRAP = compile_bootstrap(FRONT, SOURCES, "administration.sock")
LISTENER = BOOTSTRAP["static_resources"]["listeners"][0]
MANAGER = LISTENER["filter_chains"][0]["filters"][0]["typed_config"]


def test_it_listens_on_every_address() -> None:
    addresses = [LISTENER["address"], *(other["address"] for other in LISTENER["additional_addresses"])]

    assert ["127.0.0.1", "::1"] == [address["socket_address"]["address"] for address in addresses]


def test_everything_that_changes_comes_from_files_and_the_administration_is_ours_alone() -> None:
    text = json.dumps(BOOTSTRAP)

    assert all(text.count(f'"{source}"') == 1 for source in PARTS)
    assert {"pipe": {"path": "administration.sock", "mode": 0o600}} == BOOTSTRAP["admin"]["address"]


def test_tokens_are_verified_before_anything_is_derived_from_them_and_before_a_route_is_taken() -> None:
    assert ["health", "verification", "lifetime", "revocations", "latest_revocations", "router"] == [
        each["name"] for each in MANAGER["http_filters"]
    ]


def test_streams_have_no_limit_of_time_but_heads_have() -> None:
    assert ("0s", "0s", "10s") == (
        MANAGER["stream_idle_timeout"],
        MANAGER["request_timeout"],
        MANAGER["request_headers_timeout"],
    )


def test_names_of_ours_are_removed_from_what_callers_send() -> None:
    removal = MANAGER["early_header_mutation_extensions"][0]["typed_config"]["mutations"]
    prefixes = {each["remove_on_match"]["key_matcher"]["prefix"] for each in removal}

    assert {"x-gatekey-", "x-envoy-", "x-forwarded-"} <= prefixes
    assert "DROP_HEADER" == MANAGER["common_http_protocol_options"]["headers_with_underscores_action"]


def test_two_gateways_never_share_a_port() -> None:
    assert LISTENER["enable_reuse_port"] is False
