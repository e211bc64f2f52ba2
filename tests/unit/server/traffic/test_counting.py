"""
Whatever strangers make up: sums are true, space is bounded, nobody hides anybody else.
"""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.events.model import OAuthAnswered, Outcome, Verdict
from gatekey.server.traffic.counting import ADDRESSES, DETAILED, PENDING, PER_ADDRESS, MinuteCounter, Row
from gatekey.server.traffic.history import OTHERS


def answered(  # noqa: PLR0913, PLR0917 - what requests are counted by
    address: str = "192.0.2.1",
    client_id: str | None = "a-client",
    user_agent: str = "curl/8",
    outcome: Outcome = Outcome.GRANTED,
    verdict: Verdict = Verdict.ADMITTED,
    credential_id: str | None = None,
) -> OAuthAnswered:
    return OAuthAnswered("token", address, client_id, 200, "", user_agent, credential_id, outcome, verdict)


events = st.builds(
    answered,
    st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::/64"]),
    st.sampled_from([None, "a", "b"]),
    st.text(max_size=3),
    st.sampled_from(Outcome),
    st.sampled_from(Verdict),
)


@given(st.lists(st.tuples(st.integers(0, 3), events)))
def test_sums_are_true_by_minute_address_and_outcome(told: list[tuple[int, OAuthAnswered]]) -> None:
    counter = MinuteCounter()
    expected: Counter[tuple[object, ...]] = Counter()
    for minute, event in told:
        counter.count(minute, event)
        expected[minute, event.address, event.outcome.value, event.verdict.value] += 1
    counted: Counter[tuple[object, ...]] = Counter()
    for row, number in counter.drain().items():
        counted[row.minute, row.address, row.outcome, row.verdict] += number

    assert expected == counted


def test_what_was_drained_is_counted_anew() -> None:
    counter = MinuteCounter()
    counter.count(7, answered())
    first = counter.drain()
    counter.count(7, answered())

    assert [1] == list(first.values())
    assert first == counter.drain()
    assert {} == counter.drain()


def test_one_noisy_address_is_folded_and_hides_nobody() -> None:
    counter = MinuteCounter()
    for number in range(10 * PER_ADDRESS):
        counter.count(1, answered(client_id=f"made-up-{number}"))
    counter.count(1, answered("192.0.2.2", client_id="quiet"))
    rows = counter.drain()
    noisy = {row: number for row, number in rows.items() if row.address == "192.0.2.1"}
    [others] = [row for row in noisy if row.client_id == OTHERS]

    assert 10 * PER_ADDRESS == sum(noisy.values())
    assert PER_ADDRESS + 1 == len(noisy)
    assert (9 * PER_ADDRESS, OTHERS) == (noisy[others], others.user_agent)
    assert ["quiet"] == [row.client_id for row in rows if row.address == "192.0.2.2"]


def test_a_flood_of_addresses_stays_within_bounds_and_loses_nothing() -> None:
    counter = MinuteCounter()
    for number in range(3 * ADDRESSES):
        counter.count(1, answered(f"2001:db8:{number:x}::/64"))
    rows = counter.drain()

    assert 3 * ADDRESSES == sum(rows.values())
    assert ADDRESSES + 1 == len(rows)
    assert DETAILED == sum(row.client_id != OTHERS for row in rows)
    assert 2 * ADDRESSES == sum(number for row, number in rows.items() if row.address == OTHERS)


def test_bounds_hold_for_a_minute_however_often_it_is_written() -> None:
    counter, rows = MinuteCounter(), set()
    for number in range(10 * PER_ADDRESS):
        counter.count(1, answered(client_id=f"made-up-{number}"))
        rows |= set(counter.drain())

    assert PER_ADDRESS + 1 == len(rows)


def test_the_next_minute_begins_with_all_its_room() -> None:
    counter = MinuteCounter()
    for number in range(2 * PER_ADDRESS):
        counter.count(1, answered(client_id=f"made-up-{number}"))
    counter.count(2, answered(client_id="new"))

    assert "new" in {row.client_id for row in counter.drain()}


def test_what_could_not_be_written_is_added_to_what_came_since() -> None:
    counter = MinuteCounter()
    counter.count(1, answered())
    lost = counter.drain()
    counter.count(1, answered())
    counter.put_back(lost)

    assert [2] == list(counter.drain().values())


def test_of_too_much_that_waits_the_oldest_goes() -> None:
    counter = MinuteCounter()
    waiting = {Row(minute, "a", "", "", "token", "granted", "admitted", ""): 1 for minute in range(PENDING + 5)}
    given_up = counter.put_back(waiting)
    kept = counter.drain()

    assert (5, PENDING, 5) == (given_up, len(kept), min(row.minute for row in kept))


def test_user_agents_are_kept_as_terminals_may_show_them() -> None:
    counter = MinuteCounter()
    counter.count(1, answered(user_agent="evil\x1b[2Jagent"))
    counter.count(1, answered(user_agent="x" * 500))

    assert {"evil?[2Jagent", "x" * 120} == {row.user_agent for row in counter.drain()}
