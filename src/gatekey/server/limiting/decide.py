"""
The decision: a generic cell rate algorithm for the rate, a count of refusals for the block.

Every request counts, whatever becomes of it afterwards: the limiter is asked before anything is read. A refused
request spends no budget (GCRA leaves the arrival time alone, so an impatient address is still served at the rate), but
it counts toward the block. While blocked, requests neither spend nor count, so a block ends when it said.

Refusals are counted in a window that the first of them opens. A block therefore always means `block_after` refusals
within `block_window`; the price of four words of state is that refusals before and after a window's end are counted
apart.
"""

from gatekey.server.limiting.model import (
    LONGEST_RETRY_AFTER,
    SECOND,
    AddressState,
    Admitted,
    Blocked,
    Limited,
    LimitPolicy,
    Verdict,
)

ADMITTED = Admitted()
"""Carries nothing, so one is enough; the admitted path is the hot one."""


def decide(policy: LimitPolicy, state: AddressState | None, now: int) -> tuple[Verdict, AddressState]:
    """
    Return the verdict on one request at `now` (monotonic nanoseconds) and what to remember of its address.

    A clock that steps back can only make an address wait longer, never give it budget or lift a block early.
    """
    if state is None:
        return ADMITTED, AddressState(full_at=now + policy.interval)
    if now < state.blocked_until:
        return Blocked(_seconds_up(state.blocked_until - now), state.blocked_until), state
    admitted_from = state.full_at - (policy.burst - 1) * policy.interval
    if now >= admitted_from:
        full_at = max(now, state.full_at) + policy.interval
        return ADMITTED, AddressState(full_at, state.refusals, state.window_ends, state.blocked_until)
    return _refuse(policy, state, now, wait=admitted_from - now)


def is_forgettable(state: AddressState, now: int) -> bool:
    """
    Tell whether the address is at rest: remembering it would change no verdict.
    """
    return now >= state.full_at and now >= state.window_ends and now >= state.blocked_until


def _refuse(policy: LimitPolicy, state: AddressState, now: int, *, wait: int) -> tuple[Verdict, AddressState]:
    if now < state.window_ends:
        refusals, window_ends = state.refusals + 1, state.window_ends
    else:
        refusals, window_ends = 1, now + _nanoseconds(policy.block_window)
    if refusals >= policy.block_after:
        until = now + _nanoseconds(policy.block_for)
        return Blocked(_seconds_up(until - now), until), AddressState(state.full_at, blocked_until=until)
    verdict = Limited(min(_seconds_up(wait), LONGEST_RETRY_AFTER))
    return verdict, AddressState(state.full_at, refusals, window_ends, state.blocked_until)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * SECOND)


def _seconds_up(duration: int) -> int:
    return -(-duration // SECOND)
