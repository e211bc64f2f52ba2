"""
The life of a signing key: published first, signing later, retired after the last of its tokens.

Everybody who verifies tokens caches keys for a while, so a key that signs at once would make good tokens fail. Pure:
what should happen is a value, and doing it is storage's work.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gatekey.server.issuing.keys import Algorithm

DAY = 86_400
"""Seconds."""


@dataclass(frozen=True, slots=True)
class RotationPolicy:
    """
    All in seconds: a key signs for `sign_for`, is published `lead` before it signs, and its tokens live `lifetime`.
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
    When a key was `created` (and so published), `signs_from`, and `retires`: seconds since 1970, None for not yet.
    """

    key_id: str
    algorithm: Algorithm
    created: float
    signs_from: float
    retires: float | None = None

    def published(self, now: float) -> bool:
        """
        Say whether verifiers may know it.
        """
        return self.retires is None or self.retires > now


@dataclass(frozen=True, slots=True)
class Rotation:
    """
    A new key of `algorithm` is due, to sign from `signs_from`; the keys before it retire as `retiring` says.
    """

    algorithm: Algorithm
    signs_from: float
    retiring: tuple[KeyLife, ...]


def signing(lives: Iterable[KeyLife], now: float) -> KeyLife | None:
    """
    Return the key that signs now: of those published and begun, the one that began last.
    """
    begun = [life for life in lives if life.published(now) and life.signs_from <= now]
    return max(begun, key=lambda life: (life.signs_from, life.created), default=None)


def due(lives: tuple[KeyLife, ...], policy: RotationPolicy, now: float) -> Rotation | None:
    """
    Return the rotation that is due by age, by a changed algorithm, or because no key signs.
    """
    current = signing(lives, now)
    if current is None:
        return rotate(lives, policy, now, at_once=True)
    if any(life.signs_from > now for life in lives if life.published(now)):
        return None  # the next key is published and waits for its time
    if current.algorithm is not policy.algorithm or current.signs_from + policy.sign_for - policy.lead <= now:
        return rotate(lives, policy, now)
    return None


def rotate(lives: tuple[KeyLife, ...], policy: RotationPolicy, now: float, *, at_once: bool = False) -> Rotation:
    """
    Return a rotation that begins now; `at_once` skips the lead, for when the current key must not sign any more.
    """
    signs_from = now if at_once else now + policy.lead
    retires = signs_from + policy.lifetime + policy.lead
    retiring = tuple(replace(life, retires=retires) for life in lives if life.published(now) and life.retires is None)
    return Rotation(policy.algorithm, signs_from, retiring)


def withdraw(life: KeyLife, now: float) -> KeyLife:
    """
    Return the life of a compromised key: over now, with every token it signed.
    """
    return replace(life, retires=now)


def may_retire(life: KeyLife, lives: tuple[KeyLife, ...], lifetime: int, now: float) -> str:
    """
    Return why a key cannot be retired without breaking live tokens, or nothing.
    """
    current = signing(lives, now)
    if current is None or life.key_id == current.key_id:
        return "it signs tokens now: rotate first"
    if life.signs_from > now:
        return ""
    last_signed = min((other.signs_from for other in lives if other.signs_from > life.signs_from), default=now)
    if last_signed + lifetime > now:
        return "tokens that it signed are still alive: withdraw it if it is compromised"
    return ""
