import re
from ipaddress import ip_address, ip_network

import pytest

from gatekey.server.callers.trust import Trust, read_nat64, read_proxies, split_list


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.5", "10.0.0.5/32"),
        ("10.0.0.0/24", "10.0.0.0/24"),
        ("10.0.0.0/255.255.255.0", "10.0.0.0/24"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("2001:db8::/64", "2001:db8::/64"),
        ("::ffff:10.0.0.5", "10.0.0.5/32"),
        ("::ffff:10.0.0.0/120", "10.0.0.0/24"),
    ],
)
def test_an_address_or_a_network_is_taken(text: str, network: str) -> None:
    assert (ip_network(network),) == read_proxies([text])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("proxy.example.org", "proxy.example.org is no network, such as 10.0.0.5 or 10.0.0.0/24"),
        ("10.0.0.5/", "10.0.0.5/ is no network"),
        ("10.0.0", "10.0.0 is no network"),
        ("*", "* is no network"),
        ("10.0.0.5/24", "10.0.0.5/24 is an address inside a network: write 10.0.0.0/24, or 10.0.0.5"),
        ("0.0.0.0/0", "0.0.0.0/0 would let every caller choose its address"),
        ("::/0", "::/0 would let every caller choose its address"),
        ("::ffff:0:0/96", "0.0.0.0/0 would let every caller choose its address"),
    ],
)
def test_what_nobody_can_mean_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        read_proxies(["10.0.0.1", text])


def test_all_faults_of_a_list_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"^x is no network.*; y is no network.*; 0\.0\.0\.0/0 would"):
        read_proxies(["x", "0.0.0.0/0", "y"])


def test_a_translators_prefix_is_a_96() -> None:
    assert (ip_network("2001:db8:64::/96"),) == read_nat64(["2001:db8:64::/96"])
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/8 is no IPv6 network of /96.*; 64:ff9b::/64 is no"):
        read_nat64(["10.0.0.0/8", "64:ff9b::/64"])


def test_a_list_is_separated_by_commas_and_spaces() -> None:
    assert ["a", "b", "c", "d"] == split_list(" a,b  c ,\td,")
    assert [] == split_list(" , ")


def test_by_default_nobody_is_trusted() -> None:
    assert not any(Trust().includes(ip_address(text)) for text in ("127.0.0.1", "::1", "10.0.0.1"))


def test_networks_of_one_family_say_nothing_about_the_other() -> None:
    trust = Trust(read_proxies(["10.0.0.0/8", "2001:db8::/32"]))
    included = [trust.includes(ip_address(text)) for text in ("10.1.1.1", "11.1.1.1", "2001:db8::1", "2001:db9::1")]

    assert [True, False, True, False] == included
