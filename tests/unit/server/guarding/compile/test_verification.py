from gatekey.server.guarding.compile.verification import compile_verification
from gatekey.server.guarding.model import Address, GatewayView

VIEW = GatewayView(Address("localhost", 26600), "http://issuer", '{"keys": []}', "example.org")
CONFIG = compile_verification(VIEW)["typed_config"]
PROVIDER = CONFIG["providers"]["gatekey"]


def test_issuer_audience_and_keys_are_those_of_the_view() -> None:
    assert ("http://issuer", ["zeebe.example.org"]) == (PROVIDER["issuer"], PROVIDER["audiences"])
    assert {"inline_string": VIEW.keys} == PROVIDER["local_jwks"]


def test_a_token_is_taken_from_the_header_alone_must_end_and_goes_no_further() -> None:
    assert {"authorization"} == {place["name"] for place in PROVIDER["from_headers"]}
    assert "from_params" not in PROVIDER
    assert (True, False) == (PROVIDER["require_expiration"], PROVIDER["forward"])


def test_whatever_is_not_open_needs_a_token_and_the_last_rule_catches_all() -> None:
    open_paths = [rule["match"] for rule in CONFIG["rules"] if "requires" not in rule]

    assert ["/gatekey/health", "/grpc.health.v1.Health/"] == [
        match.get("path", match.get("prefix")) for match in open_paths
    ]
    assert {"match": {"prefix": "/"}, "requires": {"provider_name": "nowhere"}} == CONFIG["rules"][-1]
