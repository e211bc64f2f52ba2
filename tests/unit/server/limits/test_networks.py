import pytest

from gatekey.server.limits.networks import REMEMBERED, Networks


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "one host"),
        ("192.0.2.2", "small"),
        ("192.0.3.1", "large"),
        ("198.51.100.1", None),
        ("2001:db8:1:2::/64", "a host inside"),
        ("2001:db8:1:3::/64", "the address"),
        ("2001:db8:1:4::/64", "a site"),
        ("2001:db8:2::/64", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_the_longest_prefix_counts_also_inside_of_what_is_one_address(address: str, expected: str | None) -> None:
    networks = Networks(
        [
            ("192.0.0.0/16", "large"),
            ("192.0.2.1", "one host"),
            ("192.0.2.0/24", "small"),
            ("2001:db8:1::/48", "a site"),
            ("2001:db8:1:2::/64", "the address"),
            ("2001:db8:1:2::5/128", "a host inside"),
            ("2001:db8:1:3::/64", "the address"),
        ]
    )

    assert expected == networks.find(address)
    assert expected == networks.find(address)


def test_the_longest_of_several_inside_counts() -> None:
    networks = Networks([("2001:db8::/80", 80), ("2001:db8::5/128", 128), ("2001:db8::/96", 96)])

    assert 128 == networks.find("2001:db8::/64")


def test_an_address_may_be_a_wider_network_than_usual() -> None:
    networks = Networks([("2001:db8:1:2::/64", "inside"), ("2001:db8::/32", "around")])

    assert ["inside", "around"] == [networks.find(key) for key in ("2001:db8:1::/56", "2001:db8:2::/56")]


def test_the_last_of_two_equal_networks_counts() -> None:
    assert 2 == Networks([("192.0.2.0/24", 1), ("192.0.2.0/24", 2)]).find("192.0.2.9")


def test_everything_may_be_said_of_all_networks() -> None:
    networks = Networks([("0.0.0.0/0", "all")])

    assert ("all", None) == (networks.find("203.0.113.7"), networks.find("2001:db8::/64"))


def test_nothing_said_finds_nothing() -> None:
    nothing = Networks[str]([])

    assert nothing.find("192.0.2.1") is None
    assert (False, True) == (bool(nothing), bool(Networks([("192.0.2.0/24", 0)])))


def test_more_addresses_than_are_remembered_are_found_all_the_same() -> None:
    networks = Networks([("10.0.0.0/8", "inside")])

    assert {"inside"} == {networks.find(f"10.0.{n >> 8}.{n & 255}") for n in range(REMEMBERED + 10)}


@pytest.mark.parametrize("name", ["192.0.2.1/24", "example.org", ""])
def test_text_that_is_no_network_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"network|host bits"):
        Networks([(name, 1)])
