"""
The flows as scripts; and a world of processes in which no sequence of events may break a promise.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import settings as search
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from gatekey.client.acquire import (
    LOCK_PATIENCE,
    RETRY_PAUSE,
    Asking,
    Clock,
    Flow,
    Keep,
    Lock,
    Look,
    Reply,
    Seen,
    Send,
    Sleep,
    Step,
    Tell,
    Unlock,
    Wait,
    ask,
    obtain,
    renew_early,
)
from gatekey.client.answer import TokenAnswer, read_answer
from gatekey.client.config.authentication import token_request
from gatekey.client.config.settings import ClientSettings
from gatekey.client.events import TokenReceived, TokenRequestDelayed, TokenRequested, TokenRequestFailed
from gatekey.client.failures import FailureKind, TransportError, TransportErrorKind
from gatekey.client.http import HttpResponse
from gatekey.client.policy import NOTHING, CacheEntry, TokenDemand
from gatekey.client.token import Token
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.token_answer import encode_error, encode_success
from support.token_world import START, Drop, Grant, Limit, Refuse, World

T = TypeVar("T")

SETTINGS = ClientSettings("http://localhost:8400/oauth/token", "id", SecretText("hidden-secret"), "zeebe.camunda.io")
ASKING = Asking(SETTINGS, lambda now: token_request(SETTINGS, now), lambda: 0.0)
SEND = Send(token_request(SETTINGS))
NOW = 1_800_000_000.0
GRANTED = HttpResponse(200, (), encode_success("t", 3600, "cluster"))
REFUSED = HttpResponse(401, (), encode_error("invalid_client", "no"))
TOKEN = Token.received(SecretText("t"), 3600, NOW, "cluster")
OLD = Token(SecretText("old"), NOW - 3500, NOW - 80, NOW + 100)
ASKED = Tell(TokenRequested("http://localhost:8400/oauth/token", "id", "zeebe.camunda.io"))


def limited(retry_after: str | None = None) -> HttpResponse:
    return HttpResponse(429, (("Retry-After", retry_after),) if retry_after is not None else ())


def seen(entry: CacheEntry = NOTHING, after: float = 0.0) -> Seen:
    return Seen(entry, NOW + after)


def played(flow: Flow[T], script: Iterable[tuple[Step, Reply | TransportError]]) -> T:
    """
    Play a whole script: the steps that the flow must take, and the reply to each; return what the flow returns.
    """
    try:
        step = next(flow)
        for expected, reply in script:
            assert expected == step
            step = flow.throw(reply) if isinstance(reply, TransportError) else flow.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError(f"the script ends before the flow: {step}")


def kept(flow: Flow[T], script: Iterable[tuple[Step, Reply | TransportError]]) -> CacheEntry:
    """
    Play a script up to the step that keeps something, and return that.
    """
    step = next(flow)
    for expected, reply in script:
        assert expected == step
        step = flow.throw(reply) if isinstance(reply, TransportError) else flow.send(reply)
    assert isinstance(step, Keep)
    return step.entry


def asking_once(
    reply: Reply | TransportError, entry: CacheEntry = NOTHING
) -> list[tuple[Step, Reply | TransportError]]:
    before: list[tuple[Step, Reply | TransportError]]
    before = [(Look(), seen(entry)), (Lock(), True), (Look(), seen(entry)), (ASKED, None)]
    granted = isinstance(reply, HttpResponse) and isinstance(read_answer(reply), TokenAnswer)
    return [*before, (SEND, reply), (Clock(), NOW) if granted else (Look(), seen(entry))]


def test_a_cold_start_looks_locks_looks_again_asks_and_keeps() -> None:
    rest: list[tuple[Step, Reply | TransportError]]
    rest = [(Keep(CacheEntry(TOKEN)), None), (Tell(TokenReceived(3600, early=False)), None), (Unlock(), None)]

    assert TOKEN == played(obtain(ASKING), [*asking_once(GRANTED), *rest])


def test_a_token_that_is_there_costs_a_look() -> None:
    assert TOKEN == played(obtain(ASKING), [(Look(), seen(CacheEntry(TOKEN)))])


def test_a_token_that_others_left_and_that_is_due_for_renewal_is_used() -> None:
    assert OLD == played(obtain(ASKING), [(Look(), seen(CacheEntry(OLD)))])


def test_who_gets_the_lock_after_somebody_renewed_does_not_ask() -> None:
    script: list[tuple[Step, Reply]] = [
        (Look(), seen()),
        (Lock(), True),
        (Look(), seen(CacheEntry(TOKEN))),
        (Unlock(), None),
        (Look(), seen(CacheEntry(TOKEN))),
    ]

    assert TOKEN == played(obtain(ASKING), script)


def test_who_does_not_get_the_lock_looks_again_a_little_later() -> None:
    script: list[tuple[Step, Reply]] = [
        (Look(), seen()),
        (Lock(), False),
        (Wait(30.0), True),
        (Look(), seen()),
        (Lock(), False),  # somebody was quicker
        (Sleep(RETRY_PAUSE), None),
        (Wait(30.0), True),
        (Look(), seen(CacheEntry(TOKEN))),
    ]

    assert TOKEN == played(obtain(ASKING), script)


def test_a_holder_of_the_lock_that_was_stopped_does_not_stop_everybody() -> None:
    script: list[tuple[Step, Reply]] = [(Look(), seen()), (Lock(), False), (Wait(LOCK_PATIENCE), False)]
    rest: list[tuple[Step, Reply]] = [(Look(), seen()), (Look(), seen()), (ASKED, None)]

    assert CacheEntry(TOKEN) == kept(obtain(ASKING), [*script, *rest, (SEND, GRANTED), (Clock(), NOW)])


def test_holders_that_take_turns_are_each_waited_for() -> None:
    turn: list[tuple[Step, Reply]] = [(Look(), seen()), (Lock(), False), (Sleep(RETRY_PAUSE), None), (Wait(30.0), True)]
    script = [*turn[:2], turn[3], *turn * 20, (Look(), seen(CacheEntry(TOKEN)))]

    assert TOKEN == played(obtain(ASKING), script)


@pytest.mark.parametrize(("status", "seconds"), [(400, 10), (401, 30), (403, 10)])
def test_a_refusal_is_remembered_and_final(status: int, seconds: int) -> None:
    flow = obtain(ASKING)
    entry = kept(flow, asking_once(HttpResponse(status, (), REFUSED.body)))

    assert entry.refusal
    assert FailureKind.REFUSED is entry.refusal.failure.kind
    assert (NOW, NOW + seconds) == (entry.refusal.since, entry.refusal.until)
    assert Tell(TokenRequestFailed(entry.refusal.failure, seconds, early=False)) == flow.send(None)
    assert Unlock() == flow.send(None)
    assert Look() == flow.send(None)
    with pytest.raises(StopIteration) as end:
        flow.send(seen(entry))
    assert entry.refusal == end.value.value


def test_a_remembered_refusal_is_told_without_asking() -> None:
    backoff = kept(obtain(ASKING), asking_once(REFUSED)).refusal

    assert backoff == played(obtain(ASKING), [(Look(), seen(CacheEntry(refusal=backoff), after=29))])


def test_a_429_is_waited_out_without_the_lock() -> None:
    flow = obtain(ASKING)
    entry = kept(flow, asking_once(limited("7")))
    assert entry.pause

    steps = [flow.send(None), flow.send(None), flow.send(None), flow.send(seen(entry)), flow.send(None)]

    assert [
        Tell(TokenRequestFailed(entry.pause.failure, 7, early=False)),
        Unlock(),
        Look(),
        Tell(TokenRequestDelayed(7)),
        Sleep(7),
    ] == steps
    assert Look() == flow.send(None)
    assert Lock() == flow.send(seen(entry, after=7))


def test_a_pause_beyond_the_patience_is_not_cut_short_but_given_up() -> None:
    backoff = kept(obtain(ASKING), asking_once(limited("31"))).pause

    assert backoff == played(obtain(ASKING), [(Look(), seen(CacheEntry(pause=backoff)))])
    assert backoff == played(
        obtain(ASKING, TokenDemand(patience=0)), [(Look(), seen(CacheEntry(pause=backoff), after=30))]
    )


def test_a_pause_that_is_over_before_the_patience_is_waited_for() -> None:
    backoff = kept(obtain(ASKING), asking_once(limited("29"))).pause
    flow = obtain(ASKING)
    next(flow)

    assert Tell(TokenRequestDelayed(29)) == flow.send(seen(CacheEntry(pause=backoff)))


def test_a_token_that_an_api_refused_is_replaced() -> None:
    demand = TokenDemand(instead_of=TOKEN.access_token)
    other = HttpResponse(200, (), encode_success("other", 3600, ""))

    entry = kept(obtain(ASKING, demand), asking_once(other, CacheEntry(TOKEN)))

    assert entry.token
    assert "other" == entry.token.access_token.reveal()
    assert NOW == entry.replaced_at


def test_a_token_that_an_api_refused_is_dropped_where_no_other_can_be_had() -> None:
    refused = TokenDemand(instead_of=TOKEN.access_token)
    backoff = kept(obtain(ASKING), asking_once(REFUSED)).refusal
    entry = CacheEntry(TOKEN, backoff)
    dropped = Keep(CacheEntry(None, backoff))
    script: list[tuple[Step, Reply]] = [(Look(), seen(entry, 1)), (Lock(), True), (Look(), seen(entry, 1))]

    assert backoff == played(obtain(ASKING, refused), [*script, (dropped, None), (Unlock(), None)])
    assert backoff == played(obtain(ASKING, refused), [(Look(), seen(entry, 1)), (Lock(), False)])


def test_an_old_token_is_confirmed_and_used_where_the_token_endpoint_is_in_trouble() -> None:
    confirmed = TokenDemand(max_age=60.0)
    entry = CacheEntry(TOKEN)
    limits = limited("7")
    script = asking_once(limits, entry)
    script = [(step, replace(reply, now=NOW + 61) if isinstance(reply, Seen) else reply) for step, reply in script]
    flow = obtain(ASKING, confirmed)
    known = kept(flow, script)

    assert TOKEN == known.token
    assert known.pause
    assert Tell(TokenRequestFailed(known.pause.failure, 7, early=False)) == flow.send(None)
    assert [Unlock(), Look()] == [flow.send(None), flow.send(None)]
    with pytest.raises(StopIteration) as end:
        flow.send(seen(known, after=61))
    assert TOKEN == end.value.value


def test_an_early_renewal_yields_to_another() -> None:
    assert played(renew_early(ASKING), [(Lock(), False)]) is False


def test_an_early_renewal_that_fails_is_remembered_and_keeps_the_token() -> None:
    flow = renew_early(ASKING)
    script = asking_once(HttpResponse(503), CacheEntry(OLD))[1:]

    entry = kept(flow, script)

    assert OLD == entry.token
    assert entry.pause
    assert Tell(TokenRequestFailed(entry.pause.failure, 1, early=True)) == flow.send(None)


def test_an_early_renewal_that_came_too_late_asks_nothing() -> None:
    assert played(renew_early(ASKING), [(Lock(), True), (Look(), seen(CacheEntry(TOKEN))), (Unlock(), None)]) is True


def test_a_server_that_repeats_the_secret_does_not_make_us_repeat_it() -> None:
    told = HttpResponse(400, (), encode_error("invalid_request", "wrong secret hidden-secret!"))

    failure = played(ask(ASKING, NOW), [(SEND, told)])

    assert not isinstance(failure, TokenAnswer)
    assert "wrong secret …!" == failure.description


@pytest.mark.parametrize("response", [HttpResponse(200, (), b"<html>"), HttpResponse(302), HttpResponse(404)])
def test_what_is_no_token_endpoint_is_left_alone_for_a_while(response: HttpResponse) -> None:
    entry = kept(obtain(ASKING), asking_once(response))

    assert entry.refusal
    assert (FailureKind.MALFORMED, NOW + 30) == (entry.refusal.failure.kind, entry.refusal.until)


def test_a_token_that_ends_at_once_is_none() -> None:
    entry = kept(obtain(ASKING), [*asking_once(HttpResponse(200, (), encode_success("t", 0, ""))), (Look(), seen())])

    assert entry.refusal
    assert FailureKind.MALFORMED is entry.refusal.failure.kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [(TransportErrorKind.DROPPED, FailureKind.UNAVAILABLE), (TransportErrorKind.UNTRUSTED, FailureKind.UNREACHABLE)],
)
def test_a_network_that_may_recover_is_told_from_one_that_will_not(
    error: TransportErrorKind, kind: FailureKind
) -> None:
    entry = kept(obtain(ASKING), asking_once(TransportError(error)))

    backoff = entry.pause or entry.refusal
    assert backoff
    assert kind is backoff.failure.kind


def test_a_driver_that_mixes_up_replies_is_a_mistake_of_ours() -> None:
    flow = obtain(ASKING)
    next(flow)

    with pytest.raises(TypeError, match="the driver answers every Look with a Seen"):
        flow.send(None)


numbers = st.integers(0, 3)
answers = st.one_of(
    st.builds(Grant, st.integers(1, 100) | st.integers(1, 1_000_000)),
    st.just(Refuse()),
    st.builds(Limit, st.sampled_from([429, 503]), st.integers(0, 90) | st.integers(0, 10_000)),
    st.just(Drop()),
)
times = st.floats(0.001, 60) | st.floats(0, 2_000) | st.floats(0, 2 * 86_400)
demands = st.sampled_from(
    [
        TokenDemand(),
        TokenDemand(patience=0.0),
        TokenDemand(forced=True),
        TokenDemand(patience=300.0),
        TokenDemand(max_age=60.0),
    ]
)


class AnyWorld(RuleBasedStateMachine):
    """
    Four processes with two credentials; anything may happen, in any order.
    """

    @initialize(jitter=st.floats(0, 1, exclude_max=True))
    def begin(self, jitter: float) -> None:
        self.world = World(credentials=2, processes=2, jitter=jitter)

    @rule(number=numbers, demand=demands)
    def call(self, number: int, demand: TokenDemand) -> None:
        self.world.call(number, demand)

    @rule(number=numbers)
    def call_after_an_api_refused(self, number: int) -> None:
        token = self.world.processes[number].entry.token
        self.world.call(number, TokenDemand(instead_of=token.access_token if token else None))

    @rule(number=numbers, steps=st.integers(1, 3) | st.integers(1, 20))
    def run(self, number: int, steps: int) -> None:
        self.world.run(number, steps)

    @rule(number=numbers, answer=answers)
    def answer(self, number: int, answer: Grant | Refuse | Limit | Drop) -> None:
        self.world.answer(number, answer)
        self.world.run(number, 20)

    @rule(number=numbers, demand=demands, answer=answers)
    def serve(self, number: int, demand: TokenDemand, answer: Grant | Refuse | Limit | Drop) -> None:
        self.world.serve(number, demand, answer)

    @rule(number=numbers, offset=st.floats(-2, 15), demand=demands)
    def call_at_the_edge(self, number: int, offset: float, demand: TokenDemand) -> None:
        self.world.pass_to_the_edge(number, offset)
        self.world.call(number, demand)

    @rule(number=numbers)
    def kill(self, number: int) -> None:
        self.world.kill(number)

    @rule(seconds=times)
    def pass_time(self, seconds: float) -> None:
        self.world.pass_time(seconds)
        for number in range(len(self.world.processes)):
            self.world.run(number, 20)

    def teardown(self) -> None:
        lived.append((self.world.now - START) / 3600)


lived: list[float] = []
"""Virtual hours of each example."""

WANTED = float(os.environ.get("GATEKEY_VIRTUAL_HOURS", "3000"))
"""Hours that the search lasts at least; CONTRIBUTING.md says how to search a million."""

SEARCH = search(max_examples=300, stateful_step_count=80, deadline=None)


def test_no_sequence_of_events_breaks_a_promise() -> None:
    lived.clear()
    while sum(lived) < WANTED:
        run_state_machine_as_test(AnyWorld, settings=SEARCH)
