"""
Sums are true, whatever was counted; blocks are explained by those who asked before them.
"""

from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.events.model import Outcome, Verdict
from gatekey.server.traffic.explaining import (
    MOST_POINTS,
    State,
    askers,
    explain_blocks,
    lines,
    points,
    state_of,
    tally,
)
from gatekey.server.traffic.history import NOBODY, OTHERS, Block, Counted, Standing, Trace, Unblocked, total
from support.history import AWAY, HOME, MINUTE, NOW, counted, named

NAMES = {"a": named("a"), "gone": named("gone", deleted=NOW - 3_600)}

traces = st.builds(
    Trace,
    st.integers(MINUTE - 3_000, MINUTE),
    st.sampled_from([HOME, AWAY, OTHERS]),
    st.sampled_from(["a", "gone", "unknown", NOBODY, OTHERS]),
    st.sampled_from(["", "curl/8", OTHERS]),
    st.sampled_from(["token", "introspection"]),
    st.sampled_from(Outcome),
    st.sampled_from(Verdict),
    st.sampled_from(["", "s"]),
)
histories = st.lists(st.tuples(traces, st.integers(1, 1_000)))


@given(histories)
def test_a_tally_is_the_sum_of_its_parts(history: list[Counted]) -> None:
    found = tally(history)

    assert total(history) == found.requests
    assert found.requests == found.granted + found.faulty + found.limited + found.blocked + found.failed
    assert found.refused == found.requests - found.granted
    assert 0 <= found.spared <= found.requests - found.limited - found.blocked


@given(histories, st.integers(1, 3_000))
def test_points_askers_and_lines_hold_every_request_once(history: list[Counted], minutes: int) -> None:
    span, plotted = points(history, NOW, minutes)
    whole = tally(history)
    sums = [
        {field: sum(getattr(tally, field) for tally in tallies) for field in whole.__slots__}
        for tallies in (
            [point.tally for point in plotted],
            [asker.tally for asker in askers(history, NAMES)],
            [line.tally for line in lines(history, {}, (), (), NOW)],
        )
    ]

    assert [{field: getattr(whole, field) for field in whole.__slots__}] * 3 == sums
    assert len(plotted) <= MOST_POINTS
    assert [point.minute for point in plotted] == list(range(plotted[0].minute, plotted[-1].minute + 1, span))
    assert plotted[-1].minute <= MINUTE < plotted[-1].minute + span


@given(histories)
def test_the_outcomes_of_an_asker_add_up(history: list[Counted]) -> None:
    assert all(
        asker.tally.requests == sum(number for _, number in asker.outcomes) and asker.first <= asker.last
        for asker in askers(history, NAMES)
    )


def test_askers_are_told_by_what_is_known_of_them() -> None:
    history = [counted(number, client_id=who) for number, who in enumerate(("a", "gone", "x", NOBODY, OTHERS), 1)]
    found = askers(history, NAMES)

    assert [
        (Standing.OTHERS, None),
        (Standing.NOBODY, None),
        (Standing.UNKNOWN, None),
        (Standing.DELETED, "client-gone"),
        (Standing.KNOWN, "client-a"),
    ] == [(asker.standing, asker.client and asker.client.name) for asker in found]


def test_a_long_period_has_wider_points() -> None:
    assert [1, 5, 15, 1_440] == [points([], NOW, minutes)[0] for minutes in (60, 240, 1_440, 10**6)]


def test_who_asked_before_a_block_is_its_cause() -> None:
    began = NOW - 300
    block = Block(HOME, began, NOW + 60)
    history = [
        counted(5, Outcome.LIMITED, ago=5, client_id="a"),
        counted(50, Outcome.LIMITED, ago=6, client_id="gone"),
        counted(900, Outcome.LIMITED, ago=9, client_id="earlier"),
        counted(900, Outcome.BLOCKED, ago=1, client_id="later"),
    ]
    [explained] = explain_blocks([block], (), history, NAMES)

    assert ["gone", "a"] == [asker.client_id for asker in explained.culprits]
    assert (True, None) == (explained.holds(NOW), explained.lifted)
    assert not explained.holds(NOW + 60)


def test_an_order_lifts_the_block_it_came_within_and_no_other() -> None:
    blocks = [Block(HOME, NOW - 100, NOW - 40), Block(HOME, NOW - 10, NOW + 110)]
    orders = [Unblocked(AWAY, NOW - 90, "b", ""), Unblocked(HOME, NOW - 20, "b", ""), Unblocked(HOME, NOW - 5, "b", "")]
    newest, oldest = explain_blocks(blocks, orders, [], {})

    assert (orders[2], None) == (newest.lifted, oldest.lifted)
    assert not newest.holds(NOW)


def test_the_state_is_blocked_limited_or_free() -> None:
    limited = [counted(1, Outcome.LIMITED)]
    block = Block(HOME, NOW - 10, NOW + 50)
    order = Unblocked(HOME, NOW - 5, "b", "")

    assert (State.FREE, None) == state_of([counted(9)], (), (), NOW)
    assert (State.LIMITED, None) == state_of(limited, (), (), NOW)
    assert (State.BLOCKED, NOW + 50) == state_of(limited, [block], (), NOW)
    assert (State.FREE, None) == state_of(limited, [block], [order], NOW)
    assert (State.FREE, None) == state_of([counted(1, Outcome.LIMITED, ago=5)], (), (), NOW)


def test_a_block_that_was_only_watched_blocks_nobody() -> None:
    assert (State.FREE, None) == state_of([], [Block(HOME, NOW - 10, NOW + 50, enforced=False)], (), NOW)


def test_blocked_addresses_come_first_then_those_with_most_refusals() -> None:
    history = [
        counted(9, address="quiet"),
        counted(3, Outcome.LIMITED, address="limited"),
        counted(90, Outcome.WRONG_SECRET, address="faulty"),
        counted(10, address="busy"),
    ]
    found = lines(history, {"busy": 3}, [Block("blocked", NOW - 99, NOW + 9)], (), NOW)

    assert ["blocked", "faulty", "limited", "busy", "quiet"] == [line.address for line in found]
    assert [0, 0, 0, 3, 0] == [line.clients for line in found]
    assert (State.BLOCKED, NOW + 9, 0) == (found[0].state, found[0].blocked_until, found[0].tally.requests)


def test_what_is_only_watched_is_counted_as_spared() -> None:
    found = tally([counted(4, verdict=Verdict.LIMITED), counted(2, Outcome.BLOCKED)])

    assert (6, 4, 2, 4) == (found.requests, found.granted, found.blocked, found.spared)


def test_a_block_that_was_lifted_since_is_none() -> None:
    block = Block("lifted", NOW - 99, NOW + 9)
    order = Unblocked("lifted", NOW - 1, "owner@example.org", "mended")

    assert [State.FREE] == [line.state for line in lines([], {}, [block], [order], NOW)]
