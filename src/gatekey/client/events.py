"""
What a token source tells its listener, for metrics and for words on a terminal.

No event carries a secret or a token. Listeners are called in the thread or task that does the work and must be quick.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from gatekey.client.failures import Failure


@dataclass(frozen=True, slots=True)
class TokenRequested:
    """A token request leaves."""

    token_url: str
    client_id: str
    audience: str | None


@dataclass(frozen=True, slots=True)
class TokenReceived:
    """A token came; `expires_in` in seconds. `early` where the one before was still good."""

    expires_in: float
    early: bool


@dataclass(frozen=True, slots=True)
class TokenRequestFailed:
    """No token came; nobody asks again for so many `seconds`. `early` where the one before is still good."""

    failure: Failure
    seconds: float
    early: bool


@dataclass(frozen=True, slots=True)
class TokenRequestDelayed:
    """A caller waits so many `seconds` before asking, because the token endpoint limits or is in trouble."""

    seconds: float


Event: TypeAlias = TokenRequested | TokenReceived | TokenRequestFailed | TokenRequestDelayed
Listener: TypeAlias = Callable[[Event], None]
