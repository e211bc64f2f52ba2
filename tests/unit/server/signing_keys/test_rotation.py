"""
The life of signing keys, whatever is done to them and in whichever order.
"""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatekey.server.signing_keys.keys import Algorithm
from gatekey.server.signing_keys.rotation import (
    Kept,
    KeyLife,
    Retirement,
    Rotation,
    RotationPolicy,
    due,
    may_retire,
    next_change,
    retire,
    rotate,
    signing,
    withdraw,
)

POLICY = RotationPolicy(Algorithm.RS256, lifetime=600, sign_for=1_000, lead=60)
LIFE = KeyLife("k0", Algorithm.RS256, created=0, signs_from=0)


def carried_out(lives: tuple[KeyLife, ...], rotation: Rotation | None, now: float) -> tuple[KeyLife, ...]:
    """
    Do what storage does with a rotation.
    """
    if rotation is None:
        return lives
    ends = {life.key_id: life for life in rotation.retiring}
    new = KeyLife(f"k{len(lives)}", rotation.algorithm, now, rotation.signs_from)
    return (*(ends.get(life.key_id, life) for life in lives), new)


def retired(lives: tuple[KeyLife, ...], outcome: Retirement | Kept, now: float) -> tuple[KeyLife, ...]:
    if isinstance(outcome, Kept):
        return lives
    ended = tuple(outcome.life if life.key_id == outcome.life.key_id else life for life in lives)
    return carried_out(ended, outcome.successor, now)


def test_a_young_key_is_left_alone() -> None:
    assert due((LIFE,), POLICY, now=POLICY.sign_for - POLICY.lead - 1) is None


def test_the_next_key_is_published_a_lead_before_the_old_ones_time_is_over() -> None:
    now = POLICY.sign_for - POLICY.lead
    rotation = due((LIFE,), POLICY, now)

    assert rotation == Rotation(
        Algorithm.RS256,
        signs_from=POLICY.sign_for,
        retiring=(replace(LIFE, retires=POLICY.sign_for + POLICY.lifetime + POLICY.lead),),
    )


def test_while_the_next_key_waits_nothing_is_due() -> None:
    now = POLICY.sign_for - POLICY.lead
    lives = carried_out((LIFE,), due((LIFE,), POLICY, now), now)

    assert [None] * POLICY.lead == [due(lives, POLICY, now + second) for second in range(POLICY.lead)]


def test_a_changed_algorithm_brings_a_new_key() -> None:
    rotation = due((LIFE,), replace(POLICY, algorithm=Algorithm.ES256), now=1)

    assert rotation
    assert (Algorithm.ES256, 1 + POLICY.lead) == (rotation.algorithm, rotation.signs_from)


def test_without_any_key_one_signs_at_once() -> None:
    assert Rotation(Algorithm.RS256, 5, ()) == due((), POLICY, now=5)


def test_a_key_that_signs_but_retires_without_a_successor_gets_one() -> None:
    rotation = due((replace(LIFE, retires=500),), POLICY, now=1)

    assert rotation
    assert POLICY.lead + 1 == rotation.signs_from
    assert [POLICY.lead + 1 + POLICY.lifetime + POLICY.lead] == [life.retires for life in rotation.retiring]


def test_a_rotation_at_once_replaces_the_key_that_waits() -> None:
    """
    Otherwise the waiting one would take over later, while it is retiring already.
    """
    waiting = carried_out((LIFE,), rotate((LIFE,), POLICY, 10), 10)
    lives = carried_out(waiting, rotate(waiting, POLICY, 20, at_once=True), 20)

    assert ["k2", "k2"] == [life.key_id for now in (20, 10_000) if (life := signing(lives, now))]
    assert 20 == lives[1].retires


def test_withdrawing_the_signing_key_makes_a_new_one_sign_at_once() -> None:
    lives = retired((LIFE,), withdraw((LIFE,), "k0", POLICY, 30), 30)
    current = signing(lives, 30)

    assert not lives[0].published(30)
    assert current
    assert ("k1", 30) == (current.key_id, current.signs_from)


def test_after_a_withdrawal_no_retiring_key_signs_again() -> None:
    rotated = carried_out((LIFE,), rotate((LIFE,), POLICY, 10, at_once=True), 10)
    lives = retired(rotated, withdraw(rotated, "k1", POLICY, 30), 30)
    current = signing(lives, 30)

    assert current
    assert "k2" == current.key_id


def test_withdrawing_the_key_that_waits_makes_another_wait() -> None:
    waiting = carried_out((LIFE,), rotate((LIFE,), POLICY, 10), 10)
    lives = retired(waiting, withdraw(waiting, "k1", POLICY, 30), 30)

    assert not lives[1].published(30)
    assert (30 + POLICY.lead, None) == (lives[2].signs_from, lives[2].retires)
    assert lives[0].retires == 30 + POLICY.lead + POLICY.lifetime + POLICY.lead


def test_withdrawing_an_old_key_changes_nothing_else() -> None:
    rotated = carried_out((LIFE,), rotate((LIFE,), POLICY, 10, at_once=True), 10)

    assert Retirement(replace(rotated[0], retires=30)) == withdraw(rotated, "k0", POLICY, 30)


@pytest.mark.parametrize("plan", [lambda: withdraw((LIFE,), "?", POLICY, 1), lambda: retire((LIFE,), "?", 600, 1)])
def test_an_unknown_key_is_kept(plan: object) -> None:
    assert isinstance(plan(), Kept)  # type: ignore[operator] # it is one of the two above


def test_a_retired_key_does_not_retire_again() -> None:
    old = replace(LIFE, retires=5)
    new = KeyLife("k1", Algorithm.RS256, 0, 1)

    assert isinstance(retire((old, new), "k0", 600, 10_000), Kept)
    assert isinstance(withdraw((old, new), "k0", POLICY, 10_000), Kept)


def test_the_key_that_signs_cannot_be_retired() -> None:
    assert "signs tokens now" in may_retire(LIFE, (LIFE,), 600, 10_000)


def test_the_key_that_waits_cannot_be_retired() -> None:
    waiting = carried_out((LIFE,), rotate((LIFE,), POLICY, 10), 10)

    assert "next one" in may_retire(waiting[1], waiting, 600, 20)


@pytest.mark.parametrize(("now", "free"), [(609, False), (609.9, False), (610, True), (669, True)])
def test_a_key_can_be_retired_once_its_last_token_is_dead(now: float, free: bool) -> None:  # noqa: FBT001 - a column of the table
    lives = carried_out((LIFE,), rotate((LIFE,), POLICY, 10, at_once=True), 10)

    assert free is isinstance(retire(lives, "k0", POLICY.lifetime, now), Retirement)


def test_a_key_that_never_signed_ends_nobodys_time() -> None:
    """
    k1 waited and was replaced at 20; k0 went on until then.
    """
    waiting = carried_out((LIFE,), rotate((LIFE,), POLICY, 10), 10)
    dropped = retired(waiting, withdraw(waiting, "k1", POLICY, 20), 20)
    follows = dropped[2].signs_from

    assert isinstance(retire(dropped, "k0", POLICY.lifetime, follows + POLICY.lifetime - 1), Kept)
    assert isinstance(retire(dropped, "k0", POLICY.lifetime, follows + POLICY.lifetime), Retirement)


def test_equal_beginnings_are_decided_for_the_key_that_stays() -> None:
    twins = (replace(LIFE, retires=500), replace(LIFE, key_id="k1"), replace(LIFE, key_id="k2", retires=500))

    current = signing(twins, 10)

    assert current
    assert "k1" == current.key_id


@dataclass
class History:
    """
    What happened to an installation's keys: `signed` has the last moment at which each key signed.
    """

    policy: RotationPolicy
    now: int = 0
    lives: tuple[KeyLife, ...] = ()
    signed: dict[str, int] = field(default_factory=dict)
    at_once: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)

    def do(self, what: str) -> None:
        before = {life.key_id for life in self.lives}
        match what.split():
            case ["tend"]:
                rotation = due(self.lives, self.policy, self.now)
                nobody = signing(self.lives, self.now) is None
                self.lives = carried_out(self.lives, rotation, self.now)
                self._mark(before, at_once=nobody)
            case ["rotate"]:
                self.lives = carried_out(self.lives, rotate(self.lives, self.policy, self.now), self.now)
            case ["rotate", "now"]:
                rotation = rotate(self.lives, self.policy, self.now, at_once=True)
                self.lives = carried_out(self.lives, rotation, self.now)
                self._mark(before, at_once=True)
            case ["retire", number]:
                outcome = retire(self.lives, f"k{number}", self.policy.lifetime, self.now)
                self.lives = retired(self.lives, outcome, self.now)
            case ["withdraw", number]:
                current = signing(self.lives, self.now)
                outcome = withdraw(self.lives, f"k{number}", self.policy, self.now)
                self.lives = retired(self.lives, outcome, self.now)
                if isinstance(outcome, Retirement):
                    self.withdrawn.add(outcome.life.key_id)
                    self._mark(before, at_once=current is None or current.key_id == outcome.life.key_id)

    def _mark(self, before: set[str], *, at_once: bool) -> None:
        if at_once:
            self.at_once |= {life.key_id for life in self.lives} - before

    def check(self) -> None:
        current = signing(self.lives, self.now)
        assert current is not None, "no key signs"
        self.signed[current.key_id] = self.now
        assert current.key_id in self.at_once or self.now - current.created >= self.policy.lead, "signed too early"
        for life in self.lives:
            last = self.signed.get(life.key_id)
            alive = last is not None and last + self.policy.lifetime > self.now
            assert life.published(self.now) or not alive or life.key_id in self.withdrawn, (
                f"{life.key_id} retired while tokens that it signed live"
            )


ACTIONS = st.sampled_from(
    [
        "nothing",
        "nothing",
        "rotate",
        "rotate now",
        *(f"{word} {n}" for word in ("retire", "withdraw") for n in range(6)),
    ]
)
POLICIES = st.builds(
    RotationPolicy,
    algorithm=st.just(Algorithm.RS256),
    lifetime=st.integers(60, 900),
    sign_for=st.integers(400, 3_000),
    lead=st.integers(0, 300),
)


@example(RotationPolicy(Algorithm.RS256, lifetime=60, sign_for=400, lead=1), [("rotate now", 40), ("rotate", 40)])
@given(POLICIES, st.lists(st.tuples(ACTIONS, st.integers(1, 400)), max_size=25))
def test_whatever_is_done_some_key_signs_and_no_live_token_loses_its_key(
    policy: RotationPolicy, actions: list[tuple[str, int]]
) -> None:
    history = History(policy)
    history.do("tend")
    for action, pause in actions:
        history.do(action)
        history.do("tend")
        history.check()
        for _ in range(pause // 20):
            history.now += 20
            history.do("tend")
            history.check()


def test_a_year_by_itself_uses_one_key_after_the_other() -> None:
    history = History(replace(POLICY, sign_for=7_200, lead=600, lifetime=3_600))
    history.do("tend")
    for history.now in range(0, 30 * 7_200, 60):
        history.do("tend")
        history.check()
    published = sum(life.published(history.now) for life in history.lives)

    assert published <= 3
    assert 29 <= len(history.signed) <= 31


instants = st.integers(min_value=0, max_value=50)
some_lives = st.lists(
    st.builds(KeyLife, st.uuids().map(str), st.just(Algorithm.RS256), instants, instants, st.none() | instants),
    max_size=4,
)


@given(some_lives, instants)
def test_until_the_next_change_the_same_key_signs(lives: list[KeyLife], now: int) -> None:
    until = min(next_change(lives, now), 52)
    tenths = [now + tenth / 10 for tenth in range(10 * (int(until) - now))]

    assert now < until
    assert all(signing(lives, now) is signing(lives, instant) for instant in tenths)
