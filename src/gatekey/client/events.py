"""
What a token source tells whoever listens: the raw material of metrics and of words on a terminal.

No event carries a secret or a token. Listeners are called in the thread or task that does the work and must be quick.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from gatekey.client.failures import Failure


@dataclass(frozen=True, slots=True)
class Asked:
    """A token request leaves."""

    token_url: str
    client_id: str
    audience: str | None


@dataclass(frozen=True, slots=True)
class Granted:
    """A token came; `expires_in` in seconds. `early` where the one before was still good."""

    expires_in: float
    early: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """No token came; nobody asks again for so many `seconds`. `early` where the one before is still good."""

    failure: Failure
    seconds: float
    early: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller waits so many `seconds` before asking, because the token endpoint limits or is in trouble."""

    seconds: float


Event: TypeAlias = Asked | Granted | Failed | Waiting
Listener: TypeAlias = Callable[[Event], None]
