"""
Why there is no token, as a value that can be remembered, shared between processes, and raised.

Exceptions cannot be kept: they carry frames, with secrets among the variables, and grow each time they are raised.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self, assert_never

from gatekey.errors import MalformedResponse, RateLimited, TokenError, TokenRefused, TokenUnavailable

HINTS: Mapping[int, str] = {
    400: "Check the audience and the other values of the credentials file.",
    401: "Id and secret do not belong together, or the client was deleted: create a new client or use its file.",
    403: "The client lacks the scope for this audience: have it added, or use a client that has it.",
    404: "Check the token URL (CAMUNDA_OAUTH_URL, ZEEBE_AUTHORIZATION_SERVER_URL); Camunda's ends in /oauth/token.",
    429: "All requests from this address count: look for programs that ask too often or for a deleted client.",
    503: "Nothing is wrong with your credentials; try again later or ask the operator of the token service.",
}
"""What to do, by the status of the answer."""


class TransportErrorKind(StrEnum):
    """Why a server could not be reached or understood; the value says it to people."""

    UNKNOWN_HOST = "the host name is not known"
    REFUSED = "nothing accepts connections there"
    TIMED_OUT = "no answer in time"
    UNTRUSTED = "its certificate is not trusted"
    DROPPED = "the connection broke off"
    NOT_HTTP = "it does not speak HTTP"
    NOT_TLS = "it does not speak TLS"
    UNUSABLE = "the address cannot be used"
    CERTIFICATES = "the certificates named for it cannot be used"
    OTHER = "the network reports an error"

    @property
    def passing(self) -> bool:
        """Whether trying again a little later can help."""
        return self not in LASTING

    @property
    def cure(self) -> str:
        """What to do about it."""
        return CURES[self]


LASTING = frozenset(
    {
        TransportErrorKind.UNTRUSTED,
        TransportErrorKind.NOT_HTTP,
        TransportErrorKind.NOT_TLS,
        TransportErrorKind.UNUSABLE,
        TransportErrorKind.CERTIFICATES,
    }
)

CURES = {
    TransportErrorKind.UNKNOWN_HOST: "Check the spelling of the host, and that this machine's DNS knows it.",
    TransportErrorKind.REFUSED: "Check that the service runs, and its port.",
    TransportErrorKind.TIMED_OUT: "Check firewalls, proxies (HTTPS_PROXY, NO_PROXY) and whether the service is"
    " overloaded.",
    TransportErrorKind.UNTRUSTED: "Check the host; name a private certificate authority's file in SSL_CERT_FILE.",
    TransportErrorKind.DROPPED: "Check whether http and https are confused, and the proxies in between.",
    TransportErrorKind.NOT_HTTP: "Check the port, and whether http and https are confused.",
    TransportErrorKind.NOT_TLS: "Check the port, and whether http and https are confused.",
    TransportErrorKind.UNUSABLE: "Check the address in the credentials file.",
    TransportErrorKind.CERTIFICATES: "Check that these files are there and PEM, without a passphrase.",
    TransportErrorKind.OTHER: "Check this machine's network.",
}


class TransportError(Exception):
    """No HTTP answer came: raised by transports, a value to all else, and the cause of the `TokenUnavailable`."""

    def __init__(self, kind: TransportErrorKind, detail: str = "") -> None:
        super().__init__(f"{kind} ({detail})" if detail else str(kind))
        self.kind = kind
        self.detail = detail


class FailureKind(StrEnum):
    """Decides how long nobody asks again, and whether others at the same token URL are meant too."""

    REFUSED = "refused"
    """This credential, until something changes."""
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
        return self in {FailureKind.LIMITED, FailureKind.UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Failure:
    """
    One failed attempt. `message` and `hint` are for people; `status`, `error` and `description` are the server's words.

    `retry_after` are the seconds that the server asked to wait; None where it asked for nothing.
    """

    kind: FailureKind
    message: str = ""
    hint: str = ""
    status: int = 0
    error: str = ""
    description: str = ""
    retry_after: float | None = None
    transport: TransportErrorKind | None = None

    @classmethod
    def unreached(cls, place: str, error: TransportError) -> Self:
        """Return what it means that no answer came from `place`, a URL that may be printed."""
        kind = FailureKind.UNAVAILABLE if error.kind.passing else FailureKind.UNREACHABLE
        message = f"The token endpoint {place} could not be asked: {error}"
        return cls(kind, message, error.kind.cure, transport=error.kind)

    def pointing_at(self, origins: str) -> Self:
        """Return the same failure with a hint that says where the settings came from."""
        return replace(self, hint=f"{self.hint} {origins}".strip())

    def error_at(self, now: float, until: float, attempts: int) -> TokenError:
        """Return an exception for this failure, which nobody tries to overcome before `until` (Unix seconds)."""
        error = self._error(max(0.0, until - now), attempts)
        error.until = until
        if self.transport:
            error.__cause__ = TransportError(self.transport)
        return error

    def _error(self, remaining: float, attempts: int) -> TokenError:
        match self.kind:
            case FailureKind.REFUSED:
                return TokenRefused(self.error, self.description, self.status, hint=self.hint)
            case FailureKind.LIMITED:
                return RateLimited(remaining, hint=self.hint)
            case FailureKind.MALFORMED:
                return MalformedResponse(self.message, self.status, hint=self.hint)
            case FailureKind.UNAVAILABLE | FailureKind.UNREACHABLE:
                return TokenUnavailable(self.message, attempts, hint=self.hint)
            case _:
                assert_never(self.kind)
