from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.callers.address import key_for, read_address
from gatekey.server.callers.forwarding import trail_of
from gatekey.server.callers.proxy_header import Relayed
from gatekey.server.callers.tracing import Origin, trace
from gatekey.server.callers.trust import Forwarding, Trust, read_proxies

PROXIES = read_proxies(["10.0.0.0/24", "2001:db8:ffff::/48"])
TRUST = {forwarding: Trust(PROXIES, forwarding) for forwarding in Forwarding}
PEER, CALLER = "10.0.0.1", "192.0.2.1"


def key(
    *lines: str, peer: str = PEER, relayed: Relayed | None = None, by: Forwarding = Forwarding.X_FORWARDED_FOR
) -> str:
    headers = [(by.value.encode(), line.encode("latin-1", "replace")) for line in lines]
    return trace(TRUST[by], peer, relayed, trail_of(by, headers)).key


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("64:ff9b::192.0.2.1", "192.0.2.1"),
        ("[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1:2::/64"),
        ("203.0.113.9, 192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("192.0.2.1, 10.0.0.3, 2001:db8:ffff::1", "192.0.2.1"),
        ("203.0.113.9, 10.0.0.9, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("", "via:10.0.0.1"),
        ("unknown", "via:10.0.0.1"),
        ("192.0.2.1, unknown", "via:10.0.0.1"),
        ("192.0.2.1, ", "via:10.0.0.1"),
        ("192.0.2.1, junk, 10.0.0.2", "via:10.0.0.2"),
        ("10.0.0.3, 10.0.0.2", "via:10.0.0.3"),
        ("2001:db8:ffff::1", "via:2001:db8:ffff::/64"),
    ],
)
def test_the_last_address_that_is_no_proxy_is_the_caller(line: str, expected: str) -> None:
    assert expected == key(line)


def test_a_chain_without_a_header_ends_in_the_proxy() -> None:
    assert Origin("via:10.0.0.1", unnamed=True) == trace(TRUST[Forwarding.NONE], PEER, None, "192.0.2.1")


def test_a_named_caller_leaves_no_doubt() -> None:
    assert Origin("192.0.2.1", unnamed=False) == trace(TRUST[Forwarding.X_FORWARDED_FOR], PEER, None, "192.0.2.1")


def test_the_caller_that_the_proxy_protocol_names_is_believed_before_any_header() -> None:
    assert CALLER == key("203.0.113.9", relayed=Relayed(CALLER))


def test_a_proxy_that_the_proxy_protocol_names_may_have_a_header() -> None:
    assert CALLER == key(f"203.0.113.9, {CALLER}", relayed=Relayed("10.0.0.7"))
    assert "via:10.0.0.7" == key(relayed=Relayed("10.0.0.7"))


def test_behind_a_connection_that_names_nobody_no_header_is_believed() -> None:
    """
    Such a proxy passes bytes on: the header is the caller's own.
    """
    assert "via:10.0.0.1" == key(CALLER, relayed=Relayed(None))


def test_a_peer_without_an_address_shares_one_key() -> None:
    assert {"unknown"} == {key(CALLER, peer=""), key(CALLER, peer="unix", relayed=Relayed(CALLER))}


@pytest.mark.parametrize("peer", ["64:ff9b::10.0.0.1", "2002:a00:1::1", "2002:a00:1::a00:1"])
def test_who_only_contains_a_proxys_address_is_not_trusted(peer: str) -> None:
    assert "10.0.0.1" == key(CALLER, peer=peer)


def test_ipv6_callers_are_as_large_as_the_settings_say() -> None:
    trust = Trust(PROXIES, ipv6_prefix=56)

    assert "2001:db8:1:200::/56" == trace(trust, "2001:db8:1:2ff::1", None, "").key


ADDRESSES = st.one_of(
    st.sampled_from(["10.0.0.1", "10.0.0.2", "::ffff:10.0.0.3", "2001:db8:ffff:1::1"]).map(str),
    st.ip_addresses().map(str),
)
STRANGERS = st.ip_addresses().filter(lambda address: not TRUST[Forwarding.NONE].includes(plain(address)))
NODES = st.one_of(ADDRESSES, st.sampled_from(["unknown", "_x", "", "junk", "1.2.3"]))
LINES = st.lists(st.text(alphabet=st.characters(max_codepoint=255), max_size=80), max_size=4)
BOTH = st.sampled_from([Forwarding.X_FORWARDED_FOR, Forwarding.FORWARDED])


def plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def written(by: Forwarding, nodes: list[str]) -> str:
    """
    What proxies make of a chain.
    """
    if by is Forwarding.X_FORWARDED_FOR:
        return ", ".join(nodes)
    return ", ".join(f'for="[{node}]"' if ":" in node else f"for={node}" for node in nodes)


@given(STRANGERS, LINES, st.sampled_from(Forwarding), st.one_of(st.none(), ADDRESSES.map(Relayed)))
def test_nothing_that_an_untrusted_peer_says_changes_its_key(
    peer: IPv4Address | IPv6Address, lines: list[str], by: Forwarding, relayed: Relayed | None
) -> None:
    assert key_for(plain(peer)) == key(*lines, peer=str(peer), relayed=relayed, by=by)


@given(STRANGERS, st.lists(st.sampled_from(["10.0.0.2", "2001:db8:ffff::1"]), max_size=3), LINES, BOTH)
def test_nothing_that_a_caller_writes_before_his_proxy_does_changes_its_key(
    caller: IPv4Address | IPv6Address, chain: list[str], lines: list[str], by: Forwarding
) -> None:
    own = written(by, [str(caller), *chain])

    assert key_for(plain(caller)) == key(*lines, own, by=by)
    assert key_for(plain(caller)) == key(",".join([*lines, own]), by=by)
    assert key_for(plain(caller)) == key("9.9.9.9," * 2000 + own, by=by)


def slowly(by: Forwarding, peer: str, nodes: list[str]) -> str:
    """
    The walk as one would explain it: strike out trusted addresses from the right until there is somebody else.
    """
    chain = [*nodes, peer]
    last = ""
    while chain:
        address = read_address(chain.pop())
        if address is None:
            return f"via:{last}" if last else "unknown"
        if not TRUST[by].includes(address):
            return key_for(address)
        last = key_for(address)
    return f"via:{last}"


@given(ADDRESSES, st.lists(NODES, max_size=8), BOTH)
def test_the_walk_is_the_one_that_one_would_explain(peer: str, nodes: list[str], by: Forwarding) -> None:
    assert slowly(by, peer, nodes) == key(written(by, nodes), peer=peer, by=by)
