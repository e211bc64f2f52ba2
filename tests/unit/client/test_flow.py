"""
The flows as scripts; and a world of processes in which no sequence of events may break a promise.
"""

import os
from collections.abc import Iterable
from typing import TypeVar

import pytest
from hypothesis import settings as search
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from gatekey.client.authentication import token_request
from gatekey.client.events import Asked, Failed, Granted, Waiting
from gatekey.client.failure import Kind
from gatekey.client.flow import (
    BREATH,
    LOCK_PATIENCE,
    Asking,
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
from gatekey.client.obstacle import Obstacle, TransportFailure
from gatekey.client.policy import NOTHING, Held, Wish
from gatekey.client.settings import ClientSettings
from gatekey.client.token import Token
from gatekey.oauth.http import HttpResponse
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.token_answer import TokenAnswer, encode_error, encode_success
from support.token_world import START, Drop, Grant, Limit, Refuse, World

T = TypeVar("T")

SETTINGS = ClientSettings("http://localhost:8400/oauth/token", "id", SecretText("hidden-secret"), "zeebe.camunda.io")
ASKING = Asking(SETTINGS, lambda now: token_request(SETTINGS, now), lambda: 0.0)
SEND = Send(token_request(SETTINGS))
NOW = 1_800_000_000.0
GRANTED = HttpResponse(200, (), encode_success("t", 3600, "cluster"))
REFUSED = HttpResponse(401, (), encode_error("invalid_client", "no"))
TOKEN = Token.received(TokenAnswer(SecretText("t"), 3600, "cluster"), NOW)
OLD = Token(SecretText("old"), NOW - 3500, NOW - 80, NOW + 100)
ASKED = Tell(Asked("http://localhost:8400/oauth/token", "id", "zeebe.camunda.io"))


def limited(retry_after: str | None = None) -> HttpResponse:
    return HttpResponse(429, (("Retry-After", retry_after),) if retry_after is not None else ())


def seen(held: Held = NOTHING, after: float = 0.0) -> Seen:
    return Seen(held, NOW + after)


def played(flow: Flow[T], script: Iterable[tuple[Step, Reply | TransportFailure]]) -> T:
    """
    Play a whole script: the steps that the flow must take, and the reply to each; return what the flow returns.
    """
    try:
        step = next(flow)
        for expected, reply in script:
            assert expected == step
            step = flow.throw(reply) if isinstance(reply, TransportFailure) else flow.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError(f"the script ends before the flow: {step}")


def kept(flow: Flow[T], script: Iterable[tuple[Step, Reply | TransportFailure]]) -> Held:
    """
    Play a script up to the step that keeps something, and return that.
    """
    step = next(flow)
    for expected, reply in script:
        assert expected == step
        step = flow.throw(reply) if isinstance(reply, TransportFailure) else flow.send(reply)
    assert isinstance(step, Keep)
    return step.held


def asking_once(reply: Reply | TransportFailure, held: Held = NOTHING) -> list[tuple[Step, Reply | TransportFailure]]:
    before: list[tuple[Step, Reply | TransportFailure]]
    before = [(Look(), seen(held)), (Lock(), True), (Look(), seen(held)), (ASKED, None)]
    return [*before, (SEND, reply), (Look(), seen(held))]


def test_a_cold_start_looks_locks_looks_again_asks_and_keeps() -> None:
    rest: list[tuple[Step, Reply | TransportFailure]]
    rest = [(Keep(Held(TOKEN)), None), (Tell(Granted(3600, early=False)), None), (Unlock(), None)]

    assert TOKEN == played(obtain(ASKING), [*asking_once(GRANTED), *rest])


def test_a_token_that_is_there_costs_a_look() -> None:
    assert TOKEN == played(obtain(ASKING), [(Look(), seen(Held(TOKEN)))])


def test_a_token_that_others_left_and_that_is_due_for_renewal_is_used() -> None:
    assert OLD == played(obtain(ASKING), [(Look(), seen(Held(OLD)))])


def test_who_gets_the_lock_after_somebody_renewed_does_not_ask() -> None:
    script: list[tuple[Step, Reply]] = [
        (Look(), seen()),
        (Lock(), True),
        (Look(), seen(Held(TOKEN))),
        (Unlock(), None),
        (Look(), seen(Held(TOKEN))),
    ]

    assert TOKEN == played(obtain(ASKING), script)


def test_who_does_not_get_the_lock_looks_again_a_little_later() -> None:
    script: list[tuple[Step, Reply]] = [
        (Look(), seen()),
        (Lock(), False),
        (Wait(30.0), True),
        (Look(), seen()),
        (Lock(), False),  # somebody was quicker
        (Sleep(BREATH), None),
        (Wait(30.0), True),
        (Look(), seen(Held(TOKEN))),
    ]

    assert TOKEN == played(obtain(ASKING), script)


def test_a_holder_of_the_lock_that_was_stopped_does_not_stop_everybody() -> None:
    script: list[tuple[Step, Reply]] = [(Look(), seen()), (Lock(), False), (Wait(LOCK_PATIENCE), False)]
    rest: list[tuple[Step, Reply]] = [(Look(), seen()), (Look(), seen()), (ASKED, None)]

    assert Held(TOKEN) == kept(obtain(ASKING), [*script, *rest, (SEND, GRANTED), (Look(), seen())])


def test_holders_that_take_turns_are_each_waited_for() -> None:
    turn: list[tuple[Step, Reply]] = [(Look(), seen()), (Lock(), False), (Sleep(BREATH), None), (Wait(30.0), True)]
    script = [*turn[:2], turn[3], *turn * 20, (Look(), seen(Held(TOKEN)))]

    assert TOKEN == played(obtain(ASKING), script)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_remembered_and_final(status: int) -> None:
    flow = obtain(ASKING)
    held = kept(flow, asking_once(HttpResponse(status, (), REFUSED.body)))

    assert held.refusal
    assert Kind.REFUSED is held.refusal.failure.kind
    assert (NOW, NOW + 300) == (held.refusal.since, held.refusal.until)
    assert Tell(Failed(held.refusal.failure, 300, early=False)) == flow.send(None)
    assert Unlock() == flow.send(None)
    with pytest.raises(StopIteration) as end:
        flow.send(None)
    assert held.refusal == end.value.value


def test_a_remembered_refusal_is_told_without_asking() -> None:
    bar = kept(obtain(ASKING), asking_once(REFUSED)).refusal

    assert bar == played(obtain(ASKING), [(Look(), seen(Held(refusal=bar), after=299))])


def test_a_429_is_waited_out_without_the_lock() -> None:
    flow = obtain(ASKING)
    held = kept(flow, asking_once(limited("7")))
    assert held.pause

    steps = [flow.send(None), flow.send(None), flow.send(None), flow.send(seen(held)), flow.send(None)]

    assert [Tell(Failed(held.pause.failure, 7, early=False)), Unlock(), Look(), Tell(Waiting(7)), Sleep(7)] == steps
    assert Look() == flow.send(None)
    assert Lock() == flow.send(seen(held, after=7))


def test_a_pause_beyond_the_patience_is_not_cut_short_but_given_up() -> None:
    bar = kept(obtain(ASKING), asking_once(limited("31"))).pause

    assert bar == played(obtain(ASKING), [(Look(), seen(Held(pause=bar)))])
    assert bar == played(obtain(ASKING, Wish(patience=0)), [(Look(), seen(Held(pause=bar), after=30))])


def test_a_pause_that_is_over_before_the_patience_is_waited_for() -> None:
    bar = kept(obtain(ASKING), asking_once(limited("29"))).pause
    flow = obtain(ASKING)
    next(flow)

    assert Tell(Waiting(29)) == flow.send(seen(Held(pause=bar)))


def test_a_token_that_an_api_refused_is_replaced() -> None:
    wish = Wish(instead_of=TOKEN.access_token)
    other = HttpResponse(200, (), encode_success("other", 3600, ""))

    held = kept(obtain(ASKING, wish), asking_once(other, Held(TOKEN)))

    assert held.token
    assert "other" == held.token.access_token.reveal()
    assert NOW == held.replaced_at


def test_an_early_renewal_yields_to_another() -> None:
    assert played(renew_early(ASKING), [(Lock(), False)]) is False


def test_an_early_renewal_that_fails_is_remembered_and_keeps_the_token() -> None:
    flow = renew_early(ASKING)
    script = asking_once(HttpResponse(503), Held(OLD))[1:]

    held = kept(flow, script)

    assert OLD == held.token
    assert held.pause
    assert Tell(Failed(held.pause.failure, 1, early=True)) == flow.send(None)


def test_an_early_renewal_that_came_too_late_asks_nothing() -> None:
    assert played(renew_early(ASKING), [(Lock(), True), (Look(), seen(Held(TOKEN))), (Unlock(), None)]) is True


def test_a_server_that_repeats_the_secret_does_not_make_us_repeat_it() -> None:
    told = HttpResponse(400, (), encode_error("invalid_request", "wrong secret hidden-secret!"))

    failure = played(ask(ASKING, NOW), [(SEND, told)])

    assert not isinstance(failure, TokenAnswer)
    assert "wrong secret …!" == failure.description


@pytest.mark.parametrize("response", [HttpResponse(200, (), b"<html>"), HttpResponse(302), HttpResponse(404)])
def test_what_is_no_token_endpoint_is_left_alone_for_a_while(response: HttpResponse) -> None:
    held = kept(obtain(ASKING), asking_once(response))

    assert held.refusal
    assert (Kind.MALFORMED, NOW + 30) == (held.refusal.failure.kind, held.refusal.until)


def test_a_token_that_ends_at_once_is_none() -> None:
    held = kept(obtain(ASKING), asking_once(HttpResponse(200, (), encode_success("t", 0, ""))))

    assert held.refusal
    assert Kind.MALFORMED is held.refusal.failure.kind


@pytest.mark.parametrize(
    ("obstacle", "kind"), [(Obstacle.DROPPED, Kind.UNAVAILABLE), (Obstacle.UNTRUSTED, Kind.UNREACHABLE)]
)
def test_a_network_that_may_recover_is_told_from_one_that_will_not(obstacle: Obstacle, kind: Kind) -> None:
    held = kept(obtain(ASKING), asking_once(TransportFailure(obstacle)))

    bar = held.pause or held.refusal
    assert bar
    assert kind is bar.failure.kind


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
wishes = st.sampled_from([Wish(), Wish(patience=0.0), Wish(forced=True), Wish(patience=300.0)])


class AnyWorld(RuleBasedStateMachine):
    """
    Four processes with two credentials; anything may happen, in any order.
    """

    @initialize(jitter=st.floats(0, 1, exclude_max=True))
    def begin(self, jitter: float) -> None:
        self.world = World(credentials=2, processes=2, jitter=jitter)

    @rule(number=numbers, wish=wishes)
    def call(self, number: int, wish: Wish) -> None:
        self.world.call(number, wish)

    @rule(number=numbers)
    def call_after_an_api_refused(self, number: int) -> None:
        token = self.world.processes[number].held.token
        self.world.call(number, Wish(instead_of=token.access_token if token else None))

    @rule(number=numbers, steps=st.integers(1, 3) | st.integers(1, 20))
    def run(self, number: int, steps: int) -> None:
        self.world.run(number, steps)

    @rule(number=numbers, answer=answers)
    def answer(self, number: int, answer: Grant | Refuse | Limit | Drop) -> None:
        self.world.answer(number, answer)
        self.world.run(number, 20)

    @rule(number=numbers, wish=wishes, answer=answers)
    def serve(self, number: int, wish: Wish, answer: Grant | Refuse | Limit | Drop) -> None:
        self.world.serve(number, wish, answer)

    @rule(number=numbers, offset=st.floats(-2, 15), wish=wishes)
    def call_at_the_edge(self, number: int, offset: float, wish: Wish) -> None:
        self.world.pass_to_the_edge(number, offset)
        self.world.call(number, wish)

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
