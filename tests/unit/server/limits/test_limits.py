from collections.abc import Callable

import pytest

from gatekey.server.limits.limits import FREE, REMEMBERED, Limits, Mode, Part, Ruling
from gatekey.server.limits.model import SECOND, Admitted, Blocked, Limited, LimitPolicy
from gatekey.server.limits.rules import Rule, Subject
from support.service import host_limiter

HOST = "192.0.2.1"
POLICY = LimitPolicy(burst=2, block_after=3)
CAP = LimitPolicy(burst=6, rate=2)


class HandClock:
    """
    Of the limiter and of the calendar.
    """

    seconds = 5_000.0

    def __call__(self) -> float:
        return self.seconds

    def nanoseconds(self) -> int:
        return round(self.seconds * SECOND)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def make(clock: HandClock, mode: Mode = Mode.STRICT, always: tuple[Rule, ...] = ()) -> Limits:
    return Limits(host_limiter(POLICY, clock.nanoseconds), POLICY, clock, mode=mode, cap=CAP, always=always)


def kinds(ask: Callable[[], Ruling], times: int) -> list[str]:
    """
    What is said, a letter each: a for admitted, l for limited, b for blocked.
    """
    return [type(ask().verdict).__name__[0].lower() for _ in range(times)]


def refuses(ask: Callable[[], Ruling], times: int) -> list[bool]:
    return [ask().refusal is not None for _ in range(times)]


def allowed(name: str, subject: Subject = Subject.ADDRESS, ends: float | None = None) -> Rule:
    return Rule(subject, name, ends=ends)


def test_strict_limits_an_address_by_the_policy(clock: HandClock) -> None:
    limits = make(clock)

    assert list("aallb") == kinds(lambda: limits.ask(HOST), 5)
    assert not limits.fair


def test_shadow_says_what_strict_would_and_refuses_nothing(clock: HandClock) -> None:
    strict, shadow = make(clock), make(clock, Mode.SHADOW)

    assert kinds(lambda: strict.ask(HOST), 9) == kinds(lambda: shadow.ask(HOST), 9)
    assert [False] * 9 == refuses(lambda: shadow.ask(HOST), 9)


def test_fair_has_a_cap_for_the_address_that_never_blocks(clock: HandClock) -> None:
    limits = make(clock, Mode.FAIR)

    assert ["a"] * 6 + ["l"] * 200 == kinds(lambda: limits.ask(HOST), 206)
    assert limits.fair


def test_a_client_has_a_budget_of_its_own_at_each_address(clock: HandClock) -> None:
    limits = make(clock, Mode.FAIR)

    assert list("aallb") == kinds(lambda: limits.ask_proved(HOST, "one", "o"), 5)
    assert list("aa") == kinds(lambda: limits.ask_proved(HOST, "two", "o"), 2)
    assert list("aa") == kinds(lambda: limits.ask_proved("192.0.2.2", "one", "o"), 2)


def test_who_fails_with_an_id_uses_up_nothing_of_its_owner(clock: HandClock) -> None:
    limits = make(clock, Mode.FAIR)

    assert list("aallb") == kinds(lambda: limits.ask_unproved(HOST, "one"), 5)
    assert list("aa") == kinds(lambda: limits.ask_proved(HOST, "one", "o"), 2)
    assert list("aa") == kinds(lambda: limits.ask_unproved(HOST, "two"), 2)


def test_ids_that_no_client_has_share_one_budget_per_address(clock: HandClock) -> None:
    limits = make(clock, Mode.FAIR)

    assert list("aallb") == kinds(lambda: limits.ask_unproved(HOST, None), 5)
    assert list("aa") == kinds(lambda: limits.ask_unproved("192.0.2.2", None), 2)
    assert list("aa") == kinds(lambda: limits.ask_unproved(HOST, "one"), 2)


@pytest.mark.parametrize("mode", Mode)
def test_an_allowed_network_is_never_limited(clock: HandClock, mode: Mode) -> None:
    limits = make(clock, mode, always=(allowed("192.0.2.0/24"),))
    for _ in range(50):
        assert FREE is limits.ask(HOST)
        assert FREE is limits.ask_proved(HOST, "one", "o")
        assert FREE is limits.ask_unproved(HOST, None)

    assert refuses(lambda: limits.ask("198.51.100.1"), 50)[-1] is (mode is not Mode.SHADOW)


def test_an_address_rule_has_a_rate_and_burst_of_its_own(clock: HandClock) -> None:
    limits = make(clock)
    limits.follow([Rule(Subject.ADDRESS, "192.0.2.0/24", rate=0.5, burst=4)])

    assert list("aaaallb") == kinds(lambda: limits.ask(HOST), 7)
    assert list("aallb") == kinds(lambda: limits.ask("198.51.100.1"), 5)


def test_the_most_specific_network_wins_and_the_stricter_of_two_equal_ones(clock: HandClock) -> None:
    limits = make(clock, always=(allowed("192.0.2.0/24"),))
    limits.follow([Rule(Subject.ADDRESS, "192.0.2.1", rate=1, burst=1), Rule(Subject.ADDRESS, "192.0.2.0/24", 1, 3)])

    assert list("al") == kinds(lambda: limits.ask(HOST), 2)
    assert list("aaal") == kinds(lambda: limits.ask("192.0.2.2"), 4)


def test_a_client_rule_counts_more_than_its_organisations(clock: HandClock) -> None:
    limits = make(clock, Mode.FAIR)
    limits.follow([Rule(Subject.CLIENT, "one", 1, 3), allowed("o", Subject.ORGANISATION)])

    assert list("aaal") == kinds(lambda: limits.ask_proved(HOST, "one", "o"), 4)
    assert ["a"] * 50 == kinds(lambda: limits.ask_proved(HOST, "two", "o"), 50)
    assert list("aal") == kinds(lambda: limits.ask_proved(HOST, "three", "other"), 3)
    assert list("aal") == kinds(lambda: limits.ask_unproved(HOST, "one"), 3)


def test_rules_are_followed_in_place_of_those_before(clock: HandClock) -> None:
    limits = make(clock)
    limits.follow([allowed(HOST)])
    free = kinds(lambda: limits.ask(HOST), 9)
    limits.follow([])

    assert (["a"] * 9, list("aal")) == (free, kinds(lambda: limits.ask(HOST), 3))


def test_an_expired_rule_does_not_hold_and_the_next_one_does(clock: HandClock) -> None:
    limits = make(clock)
    limits.follow([allowed(HOST, ends=clock.seconds + 60), Rule(Subject.ADDRESS, "192.0.2.0/24", 1, 1)])
    before = kinds(lambda: limits.ask(HOST), 3)
    clock.seconds += 60

    assert (list("aaa"), list("al")) == (before, kinds(lambda: limits.ask(HOST), 2))


def test_forgetting_an_address_forgets_its_clients_too(clock: HandClock) -> None:
    limits = make(clock, Mode.FAIR)
    asks: list[Callable[[], Ruling]] = [
        lambda: limits.ask(HOST),
        lambda: limits.ask_proved(HOST, "one", "o"),
        lambda: limits.ask_unproved(HOST, "one"),
        lambda: limits.ask_unproved(HOST, None),
    ]
    for ask in asks:
        kinds(ask, 10)

    kinds(lambda: limits.ask_proved("192.0.2.2", "one", "o"), 10)

    assert [True, False] == [limits.forget(HOST) for _ in range(2)]
    assert [["a"]] * 4 == [kinds(ask, 1) for ask in asks]
    assert ["b"] == kinds(lambda: limits.ask_proved("192.0.2.2", "one", "o"), 1)


def test_refused_clients_are_remembered_in_bounded_space(clock: HandClock) -> None:
    limits = make(clock, Mode.FAIR)
    for number in range(REMEMBERED + 5):
        kinds(lambda: limits.ask_proved(HOST, f"client{number}", "o"), 3)  # noqa: B023 - asked at once
        kinds(lambda: limits.ask_unproved(f"2001:db8:{number:x}::/64", None), 3)  # noqa: B023 - asked at once

    assert limits.forget(f"2001:db8:{REMEMBERED + 4:x}::/64")
    assert not limits.forget("198.51.100.1")


def test_each_refusal_says_whom_it_is_about_and_how_long(clock: HandClock) -> None:
    limits = make(clock, Mode.FAIR)
    asks: list[Callable[[], Ruling]] = [
        lambda: limits.ask(HOST),
        lambda: limits.ask_proved(HOST, "c", "o"),
        lambda: limits.ask_unproved(HOST, None),
    ]
    rulings = [ask() for ask in asks for _ in range(9)]
    said = {(ruling.budget.part, type(ruling.verdict)): ruling.public for ruling in rulings}

    assert said[Part.ADDRESS, Limited].startswith("Too many token requests from this address. Ask again in 1 s")
    assert "of this client from this address" in said[Part.CLIENT, Limited]
    assert "This client is blocked at this address for 60 s" in said[Part.CLIENT, Blocked]
    assert "a right secret works all the same" in said[Part.UNPROVED, Limited]
    assert "for 60 s" in said[Part.UNPROVED, Blocked]
    assert {""} == {words for (_, kind), words in said.items() if kind is Admitted}


def test_requests_via_a_proxy_that_named_nobody_are_limited_but_never_blocked(clock: HandClock) -> None:
    limits = make(clock)

    assert list("aa") + ["l"] * 98 == kinds(lambda: limits.ask("via:192.0.2.1"), 100)
    assert list("aallb") == kinds(lambda: limits.ask(HOST), 5)


def test_nor_are_they_blocked_by_a_rule_with_another_rate(clock: HandClock) -> None:
    stricter = Rule(Subject.CLIENT, "known", rate=1, burst=1)
    limits = make(clock, Mode.FAIR, always=(stricter,))

    assert ["a"] + ["l"] * 99 == kinds(lambda: limits.ask_proved("via:192.0.2.1", "known", "o"), 100)


def test_the_budget_of_a_proxy_is_not_the_one_of_its_address(clock: HandClock) -> None:
    limits = make(clock)
    kinds(lambda: limits.ask(HOST), 10)

    assert ["a"] == kinds(lambda: limits.ask(f"via:{HOST}"), 1)
