"""
Rules are what they say or nothing.
"""

import pytest

from gatekey.server.limits.rules import Rule, Subject


@pytest.mark.parametrize("network", ["192.0.2.0/24", "192.0.2.7", "2001:db8::/32", "0.0.0.0/0"])
def test_a_rule_for_addresses_names_a_network(network: str) -> None:
    assert network == Rule(Subject.ADDRESS, network).name


@pytest.mark.parametrize("network", ["192.0.2.1/24", "everybody", "", "192.0.2.0/33"])
def test_what_is_no_network_makes_no_rule(network: str) -> None:
    with pytest.raises(ValueError, match=r"network|host bits|appear"):
        Rule(Subject.ADDRESS, network)


@pytest.mark.parametrize(("rate", "burst"), [(1.0, None), (None, 1), (0.0, 1), (-1.0, 1), (1.0, 0)])
def test_half_a_limit_makes_no_rule(rate: float | None, burst: int | None) -> None:
    with pytest.raises(ValueError, match="rate and a burst"):
        Rule(Subject.CLIENT, "any", rate, burst)


def test_a_rate_that_takes_a_century_is_no_rule() -> None:
    with pytest.raises(ValueError, match="a century"):
        Rule(Subject.CLIENT, "a-client", rate=1e-30, burst=1)
