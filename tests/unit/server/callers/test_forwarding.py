import string
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.callers.forwarding import LONGEST, read_node, read_trail, trail_of
from gatekey.server.callers.trust import Forwarding

FOR, FORWARDED = Forwarding.X_FORWARDED_FOR, Forwarding.FORWARDED


def named(forwarding: Forwarding, *lines: str) -> list[str]:
    headers = [(forwarding.value.encode(), line.encode("latin-1")) for line in lines]
    return [str(each) for each in read_trail(forwarding, trail_of(forwarding, headers))]


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2.1",
        " 192.0.2.1\t",
        "192.0.2.1:47011",
        "192.0.2.1:_hidden",
        "::ffff:192.0.2.1",
        "[::ffff:192.0.2.1]",
        "[::ffff:c000:201]:443",
    ],
)
def test_an_ipv4_address_is_read_in_every_spelling(text: str) -> None:
    assert ip_address("192.0.2.1") == read_node(text)


@pytest.mark.parametrize(
    "text", ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:47011", "2001:DB8:0::1", "[2001:db8::1%eth0]"]
)
def test_an_ipv6_address_is_read_in_every_spelling(text: str) -> None:
    assert ip_address("2001:db8::1") == read_node(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "_hidden",
        "_SEVKISEK",
        "localhost",
        "unix:",
        "192.0.2",
        "192.0.2.1.1",
        "192.0.2.256",
        "0300.0.2.1",
        "3221225985",
        "0xc0000201",
        "192.0.2.1:",
        "192.0.2.1:http",
        "192.0.2.1:123456",
        "192.0.2.1 192.0.2.2",
        "[192.0.2.1]",
        "[2001:db8::1",
        "2001:db8::1]",
        "[2001:db8::1]47011",
        "[]:80",
        "[[::1]]",
        "'192.0.2.1'",
        '"192.0.2.1"',
        "192.0.2.1\x00",
        "\xa0192.0.2.1",
    ],
)
def test_junk_names_nobody(text: str) -> None:
    assert read_node(text) is None


def test_x_forwarded_for_is_read_from_the_right_over_all_its_lines() -> None:
    assert ["192.0.2.4", "192.0.2.3", "192.0.2.2", "192.0.2.1"] == named(
        FOR, "192.0.2.1, 192.0.2.2", "192.0.2.3,192.0.2.4"
    )


def test_an_empty_place_is_somebody_unnamed_and_not_skipped() -> None:
    """
    Whoever is left of it was named by a stranger.
    """
    assert ["192.0.2.2", "None", "192.0.2.1"] == named(FOR, "192.0.2.1, , 192.0.2.2")
    assert ["None", "192.0.2.1"] == named(FOR, "192.0.2.1", "")


def test_without_the_header_nobody_is_named() -> None:
    assert [["None"], ["None"], []] == [named(each) for each in Forwarding]


def test_only_the_header_in_use_is_read() -> None:
    headers = [
        (b"x-forwarded-for", b"192.0.2.1"),
        (b"forwarded", b"for=192.0.2.2"),
        (b"x-real-ip", b"192.0.2.3"),
        (b"true-client-ip", b"192.0.2.4"),
        (b"cf-connecting-ip", b"192.0.2.5"),
        (b"x_forwarded_for", b"192.0.2.6"),
    ]

    assert ["192.0.2.1", "for=192.0.2.2", ""] == [trail_of(each, headers) for each in Forwarding]


@pytest.mark.parametrize(
    "element",
    [
        "for=192.0.2.1",
        "For=192.0.2.1",
        'for="192.0.2.1"',
        'for="192.0.2.1:47011"',
        "for=192.0.2.1:47011",
        "for=192.0.2.1;proto=http;by=203.0.113.43",
        "proto=http; by=203.0.113.43 ; for=192.0.2.1 ;",
        r'for="\1\92.0.2.1"',
        'host="a, for=192.0.2.9";for=192.0.2.1',
        'for=192.0.2.1;host="a;for=192.0.2.9"',
        r'for=192.0.2.1;host="a\", for=192.0.2.9"',
        r'for=192.0.2.1;host="a\\"',
    ],
)
def test_one_element_of_forwarded_names_one_caller(element: str) -> None:
    assert ["192.0.2.1"] == named(FORWARDED, element)


@pytest.mark.parametrize(
    "element",
    [
        "",
        "for",
        "for=",
        'for=""',
        "for=unknown",
        "for=_hidden",
        'for="_hidden:_port"',
        "by=192.0.2.1",
        "forr=192.0.2.1",
        "for=192.0.2.1;for=192.0.2.2",
        "for=192.0.2.1;FOR=192.0.2.1",
        "192.0.2.1",
        'for="192.0.2.1',
        'for=192.0.2.1"',
        'for=192.0.2.1;host="open',
        "for=[2001:db8::1",
    ],
)
def test_an_element_that_names_nobody_is_none(element: str) -> None:
    assert "None" == named(FORWARDED, element)[0]


def test_ipv6_is_read_as_the_rfc_writes_it_and_as_some_proxies_do() -> None:
    assert ["2001:db8::3", "2001:db8::2", "2001:db8::1"] == named(
        FORWARDED, 'for="[2001:db8::1]:47011"', 'for="[2001:db8::2]", for=2001:db8::3'
    )


def test_a_list_that_is_too_long_is_read_as_far_as_the_bound() -> None:
    addresses = [f"10.0.{number // 250}.{number % 250}" for number in range(500)]
    read = named(FOR, ",".join(addresses))

    assert "None" == read.pop()
    assert addresses[: -len(read) - 1 : -1] == read
    assert LONGEST - 12 < len(",".join(read)) <= LONGEST


@given(st.text(alphabet=st.characters(max_codepoint=255)), st.sampled_from(Forwarding))
def test_no_text_breaks_the_reading(text: str, forwarding: Forwarding) -> None:
    assert (1 if forwarding is not Forwarding.NONE else 0) <= len(named(forwarding, text)) <= text.count(",") + 1


ODD = st.text(alphabet='",;\\= \tfor_[]:' + string.digits, max_size=40)
CLEAN = st.sampled_from(
    [
        "for=192.0.2.1",
        'for="[2001:db8::1]:80";proto=https',
        r'host="\"\\,;";for=192.0.2.1',
        "for=unknown",
        'by="_a";for="192.0.2.1:_x"',
    ]
)


@given(st.lists(CLEAN, min_size=1, max_size=4), ODD)
def test_what_stands_left_of_a_well_formed_element_does_not_change_it(elements: list[str], odd: str) -> None:
    alone = named(FORWARDED, ", ".join(elements))

    assert alone == named(FORWARDED, ", ".join([odd, *elements]))[: len(alone)]
    assert alone == named(FORWARDED, odd, *elements)[: len(alone)]
