"""Events worth telling. None has a field for a secret or a token."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a request to an OAuth endpoint ended, in words that can be counted."""

    GRANTED = "granted"
    """It got what it asked for: a token, or another endpoint's answer."""
    MALFORMED = "malformed"
    """It could not be read."""
    UNKNOWN_CLIENT = "unknown client"
    """No living client has the id it named: it was deleted, or never was."""
    WRONG_SECRET = "wrong secret"  # noqa: S105 - a word for people
    ENDED_SECRET = "ended secret"  # noqa: S105 - a word for people
    """The secret was the client's and has ended."""
    WRONG_ASSERTION = "wrong assertion"
    DENIED = "denied"
    """The client proved who it is and asked for what it may not have."""
    LIMITED = "limited"
    BLOCKED = "blocked"
    FAILED = "failed"
    """Our own fault."""


class Verdict(StrEnum):
    """What the limiter said of a request; one that is not admitted is answered all the same where limits only watch."""

    ADMITTED = "admitted"
    LIMITED = "limited"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class OAuthAnswered:
    """
    A request to an OAuth endpoint was answered: `status` as sent, `client_id` as claimed, `reason` for the operator.

    `credential_id` is the secret or key that was proved, also one that has ended, None when nothing was; `blocked_for`
    is in seconds, 0 where `verdict` is not blocked; `seconds` is how long the answer took from the end of the head on.
    """

    endpoint: str
    address: str
    client_id: str | None
    status: int
    reason: str
    user_agent: str
    credential_id: str | None = None
    outcome: Outcome = Outcome.GRANTED
    verdict: Verdict = Verdict.ADMITTED
    blocked_for: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SecretsRead:
    """A cluster's secrets were asked for with an access token."""

    client_id: str | None
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class CallDecided:
    """
    A proxy asked whether a call may pass: `address` is the caller's where the proxy is trusted to name it, else the
    proxy's own; `status` is what the caller hears on a refusal.
    """

    address: str
    client_id: str | None
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class CallerDoubted:
    """
    Who a request is from may not be what the operator means: `peer` is the
    address of a proxy, or of what looks so.
    """

    peer: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConfigurationGiven:
    """
    A gateway on another machine asked for its configuration: `gateway` is its
    own name for itself, `what` the part.
    """

    address: str
    gateway: str
    what: str
    status: int


@dataclass(frozen=True, slots=True)
class GatewayChanged:
    """The gateway started, died or took a new configuration."""

    what: str


@dataclass(frozen=True, slots=True)
class Failed:
    """
    Something of ours went wrong; `error` is the exception's kind and text without any request data.

    What `lasts` goes on until it is told that it `Recovered`; meanwhile it may be told again, for another reason.
    """

    where: str
    error: str
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class Recovered:
    """What had failed under this name, and lasted, works again."""

    where: str


Event = (
    OAuthAnswered | SecretsRead | CallDecided | CallerDoubted | ConfigurationGiven | GatewayChanged | Failed | Recovered
)
