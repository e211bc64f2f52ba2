from gatekey.server.callers.naming import NOBODY_NAMED, NOT_TRUSTED, TOLD, Callers
from gatekey.server.callers.proxy_header import Relayed
from gatekey.server.callers.trust import Trust, read_proxies
from gatekey.server.events.model import CallerDoubted
from support.service import Memory

FORGED = ((b"host", b"localhost"), (b"x-forwarded-for", b"192.0.2.1"))


def callers(*proxies: str) -> tuple[Callers, Memory]:
    memory = Memory()
    return Callers(Trust(read_proxies(proxies)), memory), memory


def test_by_default_a_header_means_nothing_but_the_operator_is_told_once() -> None:
    ours, told = callers()
    names = {ours.name("127.0.0.1", None, FORGED, tells=True) for _ in range(3)}

    assert {"127.0.0.1"} == names
    assert [CallerDoubted("127.0.0.1", NOT_TRUSTED)] == told.events


def test_a_request_that_names_nobody_is_nothing_to_tell() -> None:
    ours, told = callers()

    assert ("127.0.0.1", []) == (ours.name("127.0.0.1", None, ((b"host", b"localhost"),), tells=True), told.events)


def test_hosts_of_one_network_are_one_peer_in_the_log() -> None:
    ours, told = callers()
    for number in range(5):
        ours.name(f"2001:db8::{number}", None, ((b"forwarded", b"for=192.0.2.1"),), tells=True)

    assert [CallerDoubted("2001:db8::/64", NOT_TRUSTED)] == told.events


def test_strangers_cannot_flood_the_log() -> None:
    ours, told = callers()
    for number in range(3 * TOLD):
        ours.name(f"192.0.{number // 256}.{number % 256}", None, FORGED, tells=True)

    assert TOLD == len(told.events)


def test_a_trusted_proxy_that_names_the_caller_is_nothing_to_tell() -> None:
    ours, told = callers("10.0.0.1")

    assert "192.0.2.1" == ours.name("10.0.0.1", None, FORGED, tells=True)
    assert "192.0.2.1" == ours.name("10.0.0.1", Relayed("192.0.2.1"), (), tells=True)
    assert [] == told.events


def test_a_trusted_proxy_that_names_nobody_is_told_of_once() -> None:
    ours, told = callers("10.0.0.1")
    names = {ours.name("10.0.0.1", None, (), tells=True) for _ in range(3)}

    assert {"via:10.0.0.1"} == names
    assert [CallerDoubted("10.0.0.1", NOBODY_NAMED)] == told.events


def test_a_proxys_own_checks_are_nothing_to_tell_and_hide_nothing() -> None:
    ours, told = callers("10.0.0.1")
    ours.name("10.0.0.1", None, (), tells=False)
    ours.name("127.0.0.1", None, FORGED, tells=False)

    assert [] == told.events
    ours.name("10.0.0.1", None, (), tells=True)
    assert 1 == len(told.events)


def test_what_is_remembered_of_one_request_does_not_answer_for_another() -> None:
    ours, _ = callers("10.0.0.1")
    names = [ours.name("10.0.0.1", None, ((b"x-forwarded-for", caller),), tells=True) for caller in (b"1.1.1.1", b"2")]
    relayed = [ours.name("10.0.0.1", Relayed(caller), FORGED, tells=True) for caller in ("1.1.1.1", "2.2.2.2", None)]

    assert ["1.1.1.1", "via:10.0.0.1"] == names
    assert ["1.1.1.1", "2.2.2.2", "via:10.0.0.1"] == relayed
