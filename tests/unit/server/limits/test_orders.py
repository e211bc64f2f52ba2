import pytest

from gatekey.server.limits.orders import KeptRule, read_key, read_network
from gatekey.server.limits.rules import Rule, Subject


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7/32 ", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9/64", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9/80", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::/48", None),
        ("192.0.2.0/24", None),
        ("192.0.2.7/x", None),
        ("192.0.2.7/", None),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("via:192.0.2.7", "via:192.0.2.7"),
        ("via:2001:db8:1:2::7", "via:2001:db8:1:2::/64"),
        ("via:via:192.0.2.7", None),
        ("via:unknown", None),
        ("via:", None),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
        ("payments", None),
        ("", None),
        ("192.0.2.256", None),
    ],
)
def test_addresses_are_read_as_people_write_them(text: str, key: str | None) -> None:
    assert key == read_key(text)


def test_networks_are_as_wide_as_the_settings_say() -> None:
    assert "2001:db8::/48" == read_key("2001:db8:0:7::1", 48)
    assert "2001:db8::/48" == read_key("2001:db8::/48", 48)
    assert read_key("2001:db8::/32", 48) is None


@pytest.mark.parametrize(
    ("text", "network"),
    [("192.0.2.7", "192.0.2.7/32"), ("192.0.2.7/24", "192.0.2.0/24"), ("2001:db8::1/48", "2001:db8::/48"), ("x", None)],
)
def test_networks_have_one_spelling(text: str, network: str | None) -> None:
    assert network == read_network(text)


@pytest.mark.parametrize(("ends", "holds"), [(None, True), (101.0, True), (100.0, False)])
def test_a_rule_holds_until_it_ends(ends: float | None, holds: bool) -> None:  # noqa: FBT001 - the claim's outcome
    assert holds is KeptRule(Rule(Subject.CLIENT, "c", ends=ends), 0.0, "somebody").holds(100.0)
