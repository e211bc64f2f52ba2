"""
A token as its user sees it: good for now, due for renewal, or useless.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from gatekey.wire.secret_text import SecretText
from gatekey.wire.token_answer import TokenAnswer

RENEWAL_MARGIN = 30.0
"""Seconds before expiry, at least: Camunda's Java, JavaScript and Python clients keep the same distance."""

RENEWAL_SHARE = 0.05
"""Of the lifetime, where that is more (72 minutes of 24 hours): Camunda's JavaScript and Python clients do so too."""

LARGEST_SHARE = 0.5
"""A token that lives shorter than a minute is still used for half its life, instead of being renewed for every call."""


class Freshness(StrEnum):
    """
    What may be done with a token (the words follow Go's cloud authentication library).
    """

    FRESH = "fresh"
    """Use it."""
    STALE = "stale"
    """Use it, and renew it in the meantime."""
    EXPIRED = "expired"
    """Every API refuses it."""


@dataclass(frozen=True, slots=True)
class Token:
    """
    An access token and its times, in Unix seconds by the clock of this machine.
    """

    access_token: SecretText
    renew_at: float
    expires_at: float
    scope: str = ""

    @classmethod
    def received(cls, answer: TokenAnswer, now: float) -> Self:
        """
        Return the token of an answer that arrived at `now`.

        The time that the answer travelled is lost to us; the renewal margin is longer than any request may take.
        """
        margin = max(RENEWAL_MARGIN, RENEWAL_SHARE * answer.expires_in)
        margin = min(margin, LARGEST_SHARE * answer.expires_in)
        expires_at = now + answer.expires_in
        return cls(answer.access_token, expires_at - margin, expires_at, answer.scope)

    def freshness(self, now: float) -> Freshness:
        """
        Say what may be done with the token at `now`.
        """
        if now >= self.expires_at:
            return Freshness.EXPIRED
        return Freshness.STALE if now >= self.renew_at else Freshness.FRESH

    @property
    def authorization(self) -> SecretText:
        """
        The value of the `Authorization` header (RFC 6750 section 2.1).
        """
        return SecretText(f"Bearer {self.access_token.reveal()}")
