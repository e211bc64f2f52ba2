"""
The decision: a generic cell rate algorithm for the rate, a count of refusals for the block.

Every request counts, whatever becomes of it afterwards: the limiter is asked before anything is read. A refused
request spends no budget (GCRA leaves the arrival time alone, so an impatient address is still served at the rate), but
it counts toward the block. While blocked, requests neither spend nor count, so a block ends when it said.

Refusals are counted in a window that the first of them opens. A block therefore always means `block_after` refusals
within `block_window`; the price of four words of state is that refusals before and after a window's end are counted
apart.

Blocks grow: each doubles the length of the next, up to a longest, and time since the last block halves it again. Only
time does: an address that is within its limits and one that says nothing are forgiven alike.
"""

from collections.abc import Iterable

from gatekey.server.limits.model import (
    LONGEST_RETRY_AFTER,
    SECOND,
    AddressState,
    Admitted,
    Blocked,
    Limited,
    LimitPolicy,
    Verdict,
)


def decide(policy: LimitPolicy, state: AddressState | None, now: int) -> tuple[Verdict, AddressState]:
    """
    Return the verdict on one request at `now` (monotonic nanoseconds) and what to remember of its address.

    A clock that steps back can only make an address wait longer, never give it budget or lift a block early.
    """
    if state is None:
        return _admitted(policy, policy.burst - 1), AddressState(full_at=now + policy.interval)
    if now < state.blocked_until:
        return Blocked(_seconds_up(state.blocked_until - now), state.blocked_until), state
    admitted_from = state.full_at - (policy.burst - 1) * policy.interval
    if now >= admitted_from:
        remaining = min(policy.burst - 1, (now - admitted_from) // policy.interval)
        full_at = max(now, state.full_at) + policy.interval
        left = AddressState(full_at, state.window_ends, state.blocked_until, state.refusals, state.doublings)
        return _admitted(policy, remaining), left
    return _refuse(policy, state, now, wait=admitted_from - now)


def rests_from(policy: LimitPolicy, state: AddressState) -> int:
    """Return the instant from which remembering the address would change no verdict: it is at rest."""
    forgiven = state.blocked_until
    if state.doublings:
        forgiven += state.doublings * _nanoseconds(policy.block_forgiven)
    return max(state.full_at, state.window_ends, forgiven)


def give_way(policy: LimitPolicy, places: Iterable[AddressState | None], now: int) -> int | None:
    """
    Return which of the places a newcomer takes: the first that is empty or whose address is at rest, else that of the
    address nearest to its rest, which loses least. None when every place is held by a blocked address.
    """
    found, soonest = None, 0
    for place, state in enumerate(places):
        if state is None:
            return place
        rests = rests_from(policy, state)
        if rests <= now:
            return place
        if state.blocked_until <= now and (found is None or rests < soonest):
            found, soonest = place, rests
    return found


def _admitted(policy: LimitPolicy, remaining: int) -> Admitted:
    return policy.admitted[remaining] if remaining < len(policy.admitted) else Admitted(remaining)


def _refuse(policy: LimitPolicy, state: AddressState, now: int, *, wait: int) -> tuple[Verdict, AddressState]:
    if now < state.window_ends:
        refusals, window_ends = state.refusals + 1, state.window_ends
    else:
        refusals, window_ends = 1, now + _nanoseconds(policy.block_window)
    if refusals >= policy.block_after:
        return _block(policy, state, now)
    verdict = Limited(min(_seconds_up(wait), LONGEST_RETRY_AFTER))
    return verdict, AddressState(state.full_at, window_ends, state.blocked_until, refusals, state.doublings)


def _block(policy: LimitPolicy, state: AddressState, now: int) -> tuple[Verdict, AddressState]:
    forgiven = (now - state.blocked_until) // _nanoseconds(policy.block_forgiven)
    doublings = max(0, state.doublings - forgiven)
    longest = _nanoseconds(max(policy.block_for, policy.block_at_most))
    length = min(longest, _nanoseconds(policy.block_for) << doublings)
    until = now + length
    # Doublings beyond the longest would lengthen nothing but the time until they are forgiven.
    doublings += length < longest
    return Blocked(_seconds_up(length), until), AddressState(state.full_at, blocked_until=until, doublings=doublings)


def _nanoseconds(seconds: float) -> int:
    return max(1, round(seconds * SECOND))


def _seconds_up(duration: int) -> int:
    return -(-duration // SECOND)
