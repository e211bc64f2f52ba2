"""
The life of a signing key: published first, signing later, retired after the last of its tokens.

Everybody who verifies tokens caches keys for a while, so a key that signs at once would make good tokens fail. Pure:
what should happen is a value, and doing it is storage's work.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gatekey.server.signing_keys.keys import Algorithm

DAY = 86_400
"""Seconds."""


@dataclass(frozen=True, slots=True)
class RotationPolicy:
    """
    All in seconds: a key signs for `sign_for`, is published `lead` before it
    signs, and its tokens live `lifetime`.
    """

    algorithm: Algorithm
    lifetime: int
    sign_for: int = 90 * DAY
    """A quarter; often enough that rotation is exercised, seldom enough that nobody has to think of it."""
    lead: int = 3_600
    """An hour: Camunda's servers and the gateway read an unknown key within minutes, and caches in between catch up."""


@dataclass(frozen=True, slots=True)
class KeyLife:
    """
    When a key was `created` (and so published), `signs_from`, and `retires`:
    seconds since 1970, None for not yet.
    """

    key_id: str
    algorithm: Algorithm
    created: float
    signs_from: float
    retires: float | None = None

    def published(self, now: float) -> bool:
        """Say whether verifiers may know it."""
        return self.retires is None or self.retires > now


@dataclass(frozen=True, slots=True)
class Rotation:
    """A new key of `algorithm` is due, to sign from `signs_from`; the keys before it retire as `retiring` says."""

    algorithm: Algorithm
    signs_from: float
    retiring: tuple[KeyLife, ...]


@dataclass(frozen=True, slots=True)
class Retirement:
    """A key's life ends as `life` says; `successor` is the rotation that goes with it, if one must."""

    life: KeyLife
    successor: Rotation | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A key that was not retired; `public` says why."""

    public: str


def signing(lives: Iterable[KeyLife], now: float) -> KeyLife | None:
    """Return the key that signs now: of those published and begun, the one that began last."""
    begun = [life for life in lives if life.published(now) and life.signs_from <= now]
    # Of two that began in the same instant the one that stays longer: the other was replaced by it.
    return max(begun, key=lambda life: (life.signs_from, life.created, life.retires or math.inf), default=None)


def next_change(lives: Iterable[KeyLife], now: float) -> float:
    """Return the first instant after `now` at which another key may sign; infinity where none is planned."""
    planned = [instant for life in lives for instant in (life.signs_from, life.retires) if instant is not None]
    return min((instant for instant in planned if instant > now), default=math.inf)


def due(lives: tuple[KeyLife, ...], policy: RotationPolicy, now: float) -> Rotation | None:
    """
    Return the rotation that is due: by age, by a changed algorithm, or
    because nothing follows the key that signs.
    """
    current = signing(lives, now)
    if current is None:
        return rotate(lives, policy, now, at_once=True)
    if _waiting(lives, now):
        return None  # the next key is published and waits for its time
    aged = current.signs_from + policy.sign_for - policy.lead <= now
    if aged or current.algorithm is not policy.algorithm or current.retires is not None:
        return rotate(lives, policy, now)
    return None


def rotate(lives: tuple[KeyLife, ...], policy: RotationPolicy, now: float, *, at_once: bool = False) -> Rotation:
    """Return a rotation that begins now; `at_once` skips the lead, for when the current key must not sign any more."""
    signs_from = now if at_once else now + policy.lead
    retires = signs_from + policy.lifetime + policy.lead
    overtaken = {life.key_id for life in _waiting(lives, now) if life.signs_from >= signs_from}
    current = signing(lives, now)
    retiring = []
    for life in lives:
        if life.key_id in overtaken:
            retiring.append(replace(life, retires=now))  # never signed; later it would take over from the new one
        elif life.published(now) and (life.retires is None or life == current):
            # The current one signs on until the new one does, whatever was planned before.
            retiring.append(replace(life, retires=max(retires, life.retires or 0.0)))
    return Rotation(policy.algorithm, signs_from, tuple(retiring))


def withdraw(lives: tuple[KeyLife, ...], key_id: str, policy: RotationPolicy, now: float) -> Retirement | Kept:
    """End a compromised key now, with every token it signed; where it signed or was to sign, another key follows."""
    life = _find(lives, key_id)
    if life is None or not life.published(now):
        return Kept("There is no such key, or it has retired.")
    current = signing(lives, now)
    over = replace(life, retires=now)
    if current is not None and current.key_id != key_id and not life.signs_from > now:
        return Retirement(over)
    others = tuple(other for other in lives if other.key_id != key_id)
    was_signing = current is None or current.key_id == key_id
    return Retirement(over, rotate(others, policy, now, at_once=was_signing))


def retire(lives: tuple[KeyLife, ...], key_id: str, lifetime: int, now: float) -> Retirement | Kept:
    """End a key now if that breaks no live token; tokens live `lifetime` seconds at most."""
    life = _find(lives, key_id)
    if life is None or not life.published(now):
        return Kept("There is no such key, or it has retired.")
    reason = may_retire(life, lives, lifetime, now)
    return Kept(f"The key cannot be retired: {reason}.") if reason else Retirement(replace(life, retires=now))


def may_retire(life: KeyLife, lives: tuple[KeyLife, ...], lifetime: int, now: float) -> str:
    """Return why a key cannot be retired without breaking live tokens, or nothing."""
    current = signing(lives, now)
    if current is None or life.key_id == current.key_id:
        return "it signs tokens now, so rotate first"
    if life.signs_from > now:
        return "it is the next one to sign, so rotate first"
    # Keys that retired before their time never signed, so nothing ended when it came.
    followed = [
        other.signs_from
        for other in lives
        if other.signs_from > life.signs_from and (other.retires is None or other.retires > other.signs_from)
    ]
    if min(followed, default=now) + lifetime > now:
        return "tokens that it signed are still alive, so withdraw it if it is compromised"
    return ""


def _waiting(lives: Iterable[KeyLife], now: float) -> tuple[KeyLife, ...]:
    return tuple(life for life in lives if life.published(now) and life.signs_from > now)


def _find(lives: Iterable[KeyLife], key_id: str) -> KeyLife | None:
    return next((life for life in lives if life.key_id == key_id), None)
