"""
Why there is no token, as a value that can be remembered, shared between processes, and raised anew.

Exceptions cannot: they carry frames, with secrets among the variables, and grow each time they are raised.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self, assert_never

from gatekey.client.obstacle import Obstacle, TransportFailure
from gatekey.errors import MalformedResponse, RateLimited, TokenError, TokenRefused, TokenUnavailable

LIMITED_WORDS = "The token endpoint limits this address"


class Kind(StrEnum):
    """What kind of no it was; decides how long nobody asks again, and whether others at the same URL are meant too."""

    REFUSED = "refused"
    """This credential, until it changes."""
    MALFORMED = "malformed"
    """Whatever answered is no token endpoint."""
    UNREACHABLE = "unreachable"
    """Not reached, for a reason that does not pass by itself, such as a certificate that is not trusted."""
    LIMITED = "limited"
    """Everybody at this address asked too often."""
    UNAVAILABLE = "unavailable"
    """Trouble of the server or the network, which passes."""

    @property
    def passing(self) -> bool:
        """Whether waiting can help; then the whole token endpoint is meant, not one credential."""
        return self in {Kind.LIMITED, Kind.UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Failure:
    """
    One failed attempt. `message` and `hint` are for people; `status`, `error` and `description` are the server's words.

    `retry_after` are the seconds that the server asked to wait; None where it asked for nothing.
    """

    kind: Kind
    message: str
    hint: str = ""
    status: int = 0
    error: str = ""
    description: str = ""
    retry_after: float | None = None
    obstacle: Obstacle | None = None

    @classmethod
    def answered(cls, error: TokenError, retry_after: float | None, hidden: str) -> Self:
        """Return what an answer of the token endpoint means; the client secret `hidden` is taken out of its words."""
        match error:
            case TokenRefused():
                description = error.description.replace(hidden, "…") if hidden else error.description
                return cls(Kind.REFUSED, "", error.hint, error.status, error.error, description)
            case RateLimited():
                return cls(Kind.LIMITED, LIMITED_WORDS, error.hint, 429, retry_after=error.retry_after)
            case MalformedResponse():
                return cls(Kind.MALFORMED, error.message, error.hint, error.status)
            case _:
                # Its message ends with the attempts so far, which are counted here.
                message = error.message.partition(" (after ")[0]
                return cls(Kind.UNAVAILABLE, message, error.hint, retry_after=retry_after)

    @classmethod
    def unreached(cls, place: str, failure: TransportFailure) -> Self:
        """Return what it means that no answer came from `place`, a URL that may be printed."""
        kind = Kind.UNAVAILABLE if failure.obstacle.passing else Kind.UNREACHABLE
        message = f"The token endpoint {place} could not be asked: {failure}"
        return cls(kind, message, failure.obstacle.cure, obstacle=failure.obstacle)

    def pointing_at(self, origins: str) -> Self:
        """Return the same failure with a hint that says where the settings came from."""
        return replace(self, hint=f"{self.hint} {origins}".strip())

    def error_at(self, now: float, until: float, attempts: int) -> TokenError:
        """
        Return a new exception for this failure, which nobody tries to overcome before `until` (both in Unix
        seconds).
        """
        error = self._error(max(0.0, until - now), attempts)
        error.until = until
        if self.obstacle:
            error.__cause__ = TransportFailure(self.obstacle)
        return error

    def _error(self, remaining: float, attempts: int) -> TokenError:
        match self.kind:
            case Kind.REFUSED:
                return TokenRefused(self.error, self.description, self.status, hint=self.hint)
            case Kind.LIMITED:
                return RateLimited(remaining, hint=self.hint)
            case Kind.MALFORMED:
                return MalformedResponse(self.message, self.status, hint=self.hint)
            case Kind.UNAVAILABLE | Kind.UNREACHABLE:
                return TokenUnavailable(self.message, attempts, hint=self.hint)
            case _:
                assert_never(self.kind)
