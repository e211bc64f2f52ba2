from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.limits.decide import decide, give_way, rests_from
from gatekey.server.limits.model import SECOND, AddressState, Admitted, Blocked, Limited, LimitPolicy, Verdict

START = 10_000 * SECOND
MILLISECOND = SECOND // 1000
POLICY = LimitPolicy()
ONE_BY_ONE = LimitPolicy(burst=1)


def ask_at(policy: LimitPolicy, instants: Iterable[int], state: AddressState | None = None) -> list[Verdict]:
    verdicts = []
    for now in instants:
        verdict, state = decide(policy, state, now)
        verdicts.append(verdict)
    return verdicts


def words(verdicts: Iterable[Verdict]) -> str:
    return "".join(type(verdict).__name__[0] for verdict in verdicts)


def test_an_address_at_rest_may_ask_for_the_whole_burst_at_once() -> None:
    assert "A" * 10 + "L" == words(ask_at(POLICY, [START] * 11))


def test_after_the_burst_one_request_per_second_is_admitted() -> None:
    burst = [START] * 10
    later = [START + n * SECOND for n in range(1, 100)]

    assert "A" * 109 == words(ask_at(POLICY, burst + later))


def test_a_request_0_999_s_after_the_last_is_limited_and_one_after_1_001_s_admitted() -> None:
    assert "AL" == words(ask_at(ONE_BY_ONE, [START, START + 999 * MILLISECOND]))
    assert "AA" == words(ask_at(ONE_BY_ONE, [START, START + 1001 * MILLISECOND]))


def test_the_boundary_is_exact_to_the_nanosecond_even_after_a_year() -> None:
    year = 365 * 24 * 3600 * SECOND
    on_time = [START, START + year, START + year + SECOND]

    assert "AAA" == words(ask_at(ONE_BY_ONE, on_time))
    assert "AAL" == words(ask_at(ONE_BY_ONE, [*on_time[:2], START + year + SECOND - 1]))


def test_a_refused_request_spends_no_budget() -> None:
    impatient = [START + n * SECOND // 10 for n in range(1, 10)]

    assert "A" + "L" * 9 + "A" == words(ask_at(ONE_BY_ONE, [START, *impatient, START + SECOND]))


def test_retry_after_is_rounded_up_to_whole_seconds_and_waiting_that_long_is_enough() -> None:
    refused = ask_at(ONE_BY_ONE, [START, START + 1])[1]

    assert Limited(retry_after=1) == refused
    assert "ALA" == words(ask_at(ONE_BY_ONE, [START, START + 1, START + 1 + SECOND]))


def test_retry_after_of_a_very_slow_rate_stops_at_30_seconds() -> None:
    slow = LimitPolicy(rate=0.001, burst=1)

    assert [Admitted(), Limited(retry_after=30)] == ask_at(slow, [START, START])


def test_the_thirtieth_refusal_within_a_minute_blocks_for_a_minute() -> None:
    verdicts = ask_at(POLICY, [START] * 40)

    assert "A" * 10 + "L" * 29 + "B" == words(verdicts)
    assert Blocked(retry_after=60, until=START + 60 * SECOND) == verdicts[-1]


def test_refusals_spread_over_more_than_a_minute_do_not_block() -> None:
    policy = LimitPolicy(rate=0.001, burst=1)
    every_2_1_seconds = [START + n * 2100 * MILLISECOND for n in range(1, 200)]

    assert "A" + "L" * 199 == words(ask_at(policy, [START, *every_2_1_seconds]))


def test_a_block_refuses_everything_says_the_honest_rest_and_ends_on_time() -> None:
    policy = LimitPolicy(block_after=1, burst=1)
    end = START + 60 * SECOND
    verdicts = ask_at(policy, [START, START, end - 59 * SECOND, end - 1, end])

    assert [Admitted(), Blocked(60, end), Blocked(59, end), Blocked(1, end), Admitted()] == verdicts


def test_requests_during_a_block_do_not_lengthen_it() -> None:
    hammering = [START + n * SECOND // 100 for n in range(7000)]
    verdicts = ask_at(POLICY, hammering)

    assert 1 == len({v.until for v in verdicts[:6000] if isinstance(v, Blocked)})


def lengths(policy: LimitPolicy, pauses: Iterable[int]) -> list[int]:
    """
    The seconds of the blocks of an address that, after each pause (in seconds) since its last block, asks until it is
    blocked again.
    """
    state, now, found = None, START, []
    for pause in pauses:
        now += pause * SECOND
        verdict, state = decide(policy, state, now)
        while not isinstance(verdict, Blocked):
            verdict, state = decide(policy, state, now)
        found.append(verdict.retry_after)
        now = verdict.until
    return found


def test_each_block_lasts_twice_as_long_as_the_one_before_up_to_a_quarter_of_an_hour() -> None:
    assert [60, 120, 240, 480, 900, 900, 900] == lengths(POLICY, [0] * 7)


def test_a_quarter_of_an_hour_since_the_last_block_forgives_one_doubling() -> None:
    assert [60, 120, 240, 240] == lengths(POLICY, [0, 0, 0, 900])
    assert [60, 120, 240, 480] == lengths(POLICY, [0, 0, 0, 899])
    assert [60, 120, 240, 120] == lengths(POLICY, [0, 0, 0, 1800])
    assert [60, 120, 240, 480, 900, 900, 480] == lengths(POLICY, [0] * 6 + [900])


def test_after_an_hour_even_the_longest_block_is_forgiven() -> None:
    assert [60, 120, 240, 480, 900, 60] == lengths(POLICY, [0] * 5 + [3600])


def test_a_block_that_is_set_longer_than_the_longest_does_not_grow_and_is_not_cut() -> None:
    assert [3600, 3600] == lengths(LimitPolicy(block_for=3600), [0, 0])


def test_an_address_that_was_never_blocked_is_at_rest_when_its_burst_and_its_window_are_over() -> None:
    _, spent = decide(ONE_BY_ONE, None, START)
    _, refused = decide(ONE_BY_ONE, spent, START)

    assert START + SECOND == rests_from(ONE_BY_ONE, spent)
    assert START + 60 * SECOND == rests_from(ONE_BY_ONE, refused)


def test_a_blocked_address_is_at_rest_when_its_doublings_are_forgiven() -> None:
    once = AddressState(START, blocked_until=START + 60 * SECOND, doublings=1)

    assert START + 960 * SECOND == rests_from(POLICY, once)


EASY = AddressState(START + 1 * SECOND)
OWING = AddressState(START + 9 * SECOND)
BLOCKED = AddressState(START, blocked_until=START + 60 * SECOND)
LATELY_BLOCKED = AddressState(START, blocked_until=START, doublings=1)
AT_REST = AddressState(START)


def test_a_newcomer_takes_an_empty_place_or_that_of_an_address_at_rest() -> None:
    assert 1 == give_way(POLICY, [EASY, None, AT_REST], START)
    assert 1 == give_way(POLICY, [EASY, AT_REST, None], START)


def test_where_no_place_is_free_the_address_that_owes_least_gives_way() -> None:
    assert 2 == give_way(POLICY, [BLOCKED, OWING, EASY, LATELY_BLOCKED], START)
    assert 1 == give_way(POLICY, [LATELY_BLOCKED, OWING, BLOCKED], START)
    assert 1 == give_way(POLICY, [BLOCKED, LATELY_BLOCKED], START)


def test_a_blocked_address_never_gives_way() -> None:
    assert None is give_way(POLICY, [BLOCKED] * 16, START + 59 * SECOND)
    assert 0 == give_way(POLICY, [BLOCKED] * 16, START + 60 * SECOND)


def test_a_clock_that_steps_back_gives_no_budget_and_lifts_no_block() -> None:
    policy = LimitPolicy(burst=1, block_after=2)
    an_hour_back = START - 3600 * SECOND

    assert "ALB" == words(ask_at(policy, [START, an_hour_back, an_hour_back]))
    assert "ALBB" == words(ask_at(policy, [START, START, START, an_hour_back]))


# ── against a slow model that shares no idea with GCRA: a bucket of exact fractions and the list of refusals ──


@dataclass
class SlowModel:
    policy: LimitPolicy
    tokens: Fraction = field(init=False)
    seen: int | None = None
    window: list[int] = field(default_factory=list)
    blocked_until: Fraction | None = None
    strikes: int = 0

    def __post_init__(self) -> None:
        self.tokens = Fraction(self.policy.burst)

    def ask(self, now: int) -> str:
        passed = 0 if self.seen is None else now - self.seen
        self.seen = now
        self.tokens = min(Fraction(self.policy.burst), self.tokens + Fraction(passed, self.policy.interval))
        if self.blocked_until is not None and Fraction(now, SECOND) < self.blocked_until:
            return "B"
        if self.tokens >= 1:
            self.tokens -= 1
            return "A"
        if self.window and Fraction(now - self.window[0], SECOND) >= Fraction(self.policy.block_window):
            self.window.clear()
        self.window.append(now)
        if len(self.window) == self.policy.block_after:
            self.window.clear()
            self.block(Fraction(now, SECOND))
            return "B"
        return "L"

    def block(self, now: Fraction) -> None:
        longest = Fraction(max(self.policy.block_for, self.policy.block_at_most))
        length = Fraction(self.policy.block_for)
        count = self.strikes_left(now)
        for _ in range(count):
            length = min(2 * length, longest)
        self.blocked_until = now + length
        self.strikes = count + 1 if length < longest else count

    def strikes_left(self, now: Fraction) -> int:
        """
        One strike is forgiven after another, each in its own time.
        """
        left, begun = self.strikes, self.blocked_until or now
        while left and now - begun >= Fraction(self.policy.block_forgiven):
            begun += Fraction(self.policy.block_forgiven)
            left -= 1
        return left


POLICIES = st.builds(
    LimitPolicy,
    rate=st.sampled_from([0.3, 1.0, 2.5, 7.0]),
    burst=st.integers(1, 12),
    block_after=st.integers(1, 8),
    block_window=st.sampled_from([0.5, 1.0, 10.0, 60.0]),
    block_for=st.sampled_from([0.5, 1.0, 10.0, 60.0]),
    block_at_most=st.sampled_from([0.5, 3.0, 40.0, 900.0]),
    block_forgiven=st.sampled_from([0.5, 7.0, 60.0, 900.0]),
)
GAPS = st.lists(
    st.one_of(
        st.integers(0, 3 * SECOND),
        st.sampled_from([0, 1, SECOND - 1, SECOND, SECOND + 1, 7 * SECOND, 10 * SECOND, 60 * SECOND - 1, 60 * SECOND]),
        st.sampled_from([480 * SECOND, 900 * SECOND - 1, 900 * SECOND]),
    ),
    min_size=1,
    max_size=80,
)


def instants_of(gaps: list[int]) -> list[int]:
    instants = [START]
    for gap in gaps:
        instants.append(instants[-1] + gap)
    return instants


@given(POLICIES, GAPS)
def test_the_decision_is_that_of_the_slow_model(policy: LimitPolicy, gaps: list[int]) -> None:
    model = SlowModel(policy)
    instants = instants_of(gaps)

    assert "".join(model.ask(now) for now in instants) == words(ask_at(policy, instants))


@given(POLICIES, GAPS)
def test_no_span_of_time_sees_more_than_the_burst_and_the_rate(policy: LimitPolicy, gaps: list[int]) -> None:
    instants = instants_of(gaps)
    admitted = [n for n, v in zip(instants, ask_at(policy, instants), strict=True) if isinstance(v, Admitted)]

    assert all(
        count <= policy.burst + (last - first) // policy.interval
        for start, first in enumerate(admitted)
        for count, last in enumerate(admitted[start:], start=1)
    )


@given(POLICIES, GAPS, GAPS)
def test_a_forgotten_address_is_answered_as_if_remembered(
    policy: LimitPolicy, before: list[int], after: list[int]
) -> None:
    state = None
    for now in instants_of(before):
        _, state = decide(policy, state, now)
    assert state is not None
    rest = rests_from(policy, state)
    later = [rest + instant - START for instant in instants_of(after)]

    assert ask_at(policy, later, None) == ask_at(policy, later, state)


@given(POLICIES, GAPS)
def test_retry_after_is_at_least_one_second_and_bounded(policy: LimitPolicy, gaps: list[int]) -> None:
    longest = {Limited: 30, Blocked: max(policy.block_for, policy.block_at_most) + 1}
    refused = [v for v in ask_at(policy, instants_of(gaps)) if isinstance(v, Limited | Blocked)]

    assert all(1 <= verdict.retry_after <= longest[type(verdict)] for verdict in refused)


@given(POLICIES, GAPS)
def test_a_state_fits_four_words_wherever_it_is_kept(policy: LimitPolicy, gaps: list[int]) -> None:
    state = None
    for now in instants_of(gaps):
        _, state = decide(policy, state, now)

        assert max(state.full_at, state.window_ends, state.blocked_until) < 2**64
        assert max(state.refusals, state.doublings) < 2**32


@given(POLICIES, st.lists(st.integers(0, 20 * SECOND), min_size=1, max_size=60))
def test_stepping_back_to_an_earlier_instant_never_admits_what_the_latest_would_refuse(
    policy: LimitPolicy, instants: list[int]
) -> None:
    state = None
    for now in instants:
        if state is not None:
            early, _ = decide(policy, state, min(instants))
            late, _ = decide(policy, state, max(instants))

            assert not (isinstance(early, Admitted) and not isinstance(late, Admitted))
        _, state = decide(policy, state, now)
