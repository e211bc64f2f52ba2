"""A token as its user sees it: good for now, due for renewal, or useless."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from gatekey.oauth.secret_text import SecretText

RENEWAL_MARGIN = 30.0
"""Seconds before expiry, at least: Camunda's Java, JavaScript and Python clients keep the same distance."""

RENEWAL_SHARE = 0.05
"""Of the lifetime, where that is more (72 minutes of 24 hours): Camunda's JavaScript and Python clients do so too."""

LARGEST_SHARE = 0.4
"""Of the lifetime: a token that lives shorter than a minute is still used for half its life, not renewed every call."""

SPREAD = 0.25
"""Of the margin, at most, by which it is longer at random: programs that started together do not renew together."""

STEPPED_BACK = 60.0
"""Seconds that a clock may be set back before a token's times mean nothing any more; clocks drift less in a day."""


class Freshness(StrEnum):
    """What may be done with a token (the words follow Go's cloud authentication library)."""

    FRESH = "fresh"
    """Use it."""
    STALE = "stale"
    """Use it, and renew it in the meantime."""
    EXPIRED = "expired"
    """Every API refuses it."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and its times, in Unix seconds by the clock of this machine."""

    access_token: SecretText
    obtained_at: float
    renew_at: float
    expires_at: float
    scope: str = ""

    @classmethod
    def received(
        cls, access_token: SecretText, expires_in: float, asked_at: float, scope: str = "", jitter: float = 0.0
    ) -> Self:
        """
        Return the token of an answer to a request that left at `asked_at`; `jitter` is a random number from 0 up to 1.

        Its lifetime counts from the request, not from the answer: a token that ends too early is renewed, one that ends
        too late is refused by every API.
        """
        margin = min(max(RENEWAL_MARGIN, RENEWAL_SHARE * expires_in), LARGEST_SHARE * expires_in)
        expires_at = asked_at + expires_in
        return cls(access_token, asked_at, expires_at - margin * (1 + SPREAD * jitter), expires_at, scope)

    def freshness(self, now: float) -> Freshness:
        """Say what may be done with the token at `now`."""
        if now >= self.expires_at:
            return Freshness.EXPIRED
        if now >= self.renew_at or now < self.obtained_at - STEPPED_BACK:
            return Freshness.STALE
        return Freshness.FRESH

    @property
    def authorization(self) -> SecretText:
        """The value of the `Authorization` header (RFC 6750 section 2.1)."""
        return SecretText(f"Bearer {self.access_token.reveal()}")


class TokenProvider(Protocol):
    """Gives tokens: a `TokenSource`, or whatever an application has in its place."""

    def token(self, *, instead_of: Token | None = None) -> Token:
        """Return a token that is good now, another than the one that an API refused. Raises `TokenError`."""


class AsyncTokenProvider(Protocol):
    """The same, awaited."""

    async def token(self, *, instead_of: Token | None = None) -> Token:
        """Return a token that is good now, another than the one that an API refused. Raises `TokenError`."""
