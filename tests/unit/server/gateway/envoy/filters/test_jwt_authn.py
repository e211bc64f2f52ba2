from dataclasses import replace
from typing import Any

import pytest

from gatekey.server.gateway.envoy.filters.jwt_authn import compile_jwt_authn, keeps_claims, needs_claims
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject

VIEW = GatewayView(Address("localhost", 26600), "http://issuer", '{"keys": []}', "example.org")
CONFIG = compile_jwt_authn(VIEW, keep_claims=False)["typed_config"]
READY = f"(?:/optimize)?/{rules.UUID}/api/readyz"
PROVIDER = CONFIG["providers"]["gatekey"]


HERE, THERE = Address("localhost", 1), Address("localhost", 2)


def test_issuer_audience_and_keys_are_those_of_the_view() -> None:
    assert ("http://issuer", ["zeebe.example.org"]) == (PROVIDER["issuer"], PROVIDER["audiences"])
    assert {"inline_string": VIEW.keys} == PROVIDER["local_jwks"]


def test_a_token_is_taken_from_the_header_alone_must_end_and_goes_no_further() -> None:
    assert {"authorization"} == {place["name"] for place in PROVIDER["from_headers"]}
    assert "from_params" not in PROVIDER
    assert (True, False) == (PROVIDER["require_expiration"], PROVIDER["forward"])


def test_whatever_is_not_open_needs_a_token_of_the_right_form_and_the_last_rule_catches_all() -> None:
    open_paths = [rule["match"] for rule in CONFIG["rules"] if "requires" not in rule]

    metadata = {"path_separated_prefix": "/.well-known/oauth-protected-resource"}
    assert [metadata, {"prefix": "/grpc.health.v1.Health/"}, {"safe_regex": {"regex": READY}}] == [
        {name: value for name, value in match.items() if name != "headers"} for match in open_paths
    ]
    odd = CONFIG["rules"][len(open_paths)]
    assert ({"provider_name": "nowhere"}, True) == (odd["requires"], odd["match"]["headers"][0]["invert_match"])
    assert {"match": {"prefix": "/"}, "requires": {"provider_name": "gatekey"}} == CONFIG["rules"][-1]


def required(view: GatewayView) -> list[tuple[str, list[str]]]:
    found = []
    for rule in compile_jwt_authn(view, keep_claims=False)["typed_config"]["rules"]:
        wanted = rule.get("requires", {}).get("provider_and_audiences")
        if wanted:
            place = rule["match"].get("path_separated_prefix") or rule["match"]["headers"][0]["string_match"]
            found.append((str(place), wanted["audiences"]))
    return found


def test_each_api_has_its_audience_and_zeebes_opens_what_zeebes_server_serves() -> None:
    together = GuardedCluster("a", "local", HERE, HERE)
    apart = GuardedCluster("b", "local", HERE, HERE, operate=THERE)

    assert [
        ("/operate", ["operate.example.org", "zeebe.example.org"]),
        ("/tasklist", ["tasklist.example.org", "zeebe.example.org"]),
        ("/optimize", ["optimize.example.org"]),
    ] == required(replace(VIEW, clusters=(together, apart)))


def test_an_apis_own_host_is_looked_at_before_the_path() -> None:
    places = [place for place, _ in required(replace(VIEW, hosts=True))]

    assert [True, True, True, False, False, False] == ["safe_regex" in place for place in places]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"revocations": {Subject(Named.TOKEN, "a"): FOREVER, Subject(Named.CLIENT, "b"): FOREVER}}, False),
        ({"revocations": {Subject(Named.CREDENTIAL, "a"): 1}}, True),
        ({"revocations": {Subject(Named.CLIENT, "a", "operate.example.org"): FOREVER}}, True),
        ({"clusters": (GuardedCluster("a", "local", HERE, HERE),)}, False),
        ({"clusters": (GuardedCluster("a", "local", HERE, HERE, operate=HERE),)}, False),
        ({"clusters": (GuardedCluster("a", "local", HERE, HERE, operate=THERE),)}, False),
        (
            {
                "clusters": (
                    GuardedCluster("a", "local", HERE, HERE),
                    GuardedCluster("b", "local", HERE, HERE, operate=THERE),
                )
            },
            True,
        ),
        ({"clusters": (GuardedCluster("a", "local", HERE, HERE, optimize=THERE),)}, False),
    ],
)
def test_claims_are_kept_only_where_something_reads_them(changes: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a column of the table
    view = replace(VIEW, **changes)

    assert expected == needs_claims(view)
    assert expected == keeps_claims(compile_jwt_authn(view, keep_claims=needs_claims(view)))
