"""What the token service knows of a client, and what it can answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from gatekey.oauth.client_authentication import Method
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope
from gatekey.server.signing_keys.keys import TokenType


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A client secret as it is checked: it works until `ends` (seconds since 1970, None for ever)."""

    digest: bytes = field(repr=False)
    ends: float | None = None


@dataclass(frozen=True, slots=True)
class KnownClient:
    """
    A live client as token requests need it: secrets by secret id, public keys (JWK as JSON text) by key id.

    `lifetime` is in seconds, None for the installation's. Tokens from before `not_before` (seconds since 1970) are
    revoked, and those of single credentials from before what `revoked` says; also of credentials that are gone. Those
    for single APIs are revoked from before what `scopes_from` says: the client had lost that scope.
    """

    client_id: str
    cluster_id: str
    organisation_id: str
    region: str
    scopes: frozenset[Scope]
    secrets: Mapping[str, KnownSecret] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    lifetime: int | None = None
    not_before: int = 0
    revoked: Mapping[str, int] = field(default_factory=dict)
    scopes_from: Mapping[Scope, int] = field(default_factory=dict)

    def valid_from(self, credential_id: str) -> int:
        """
        Return when (seconds since 1970) the oldest token that this credential got and that is not revoked was
        issued.
        """
        return max(self.not_before, self.revoked.get(credential_id, 0))


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A client that proved who it is; `credential_id` names the secret or key, `not_before` what was revoked since."""

    client: KnownClient
    credential_id: str
    method: Method
    not_before: int


@dataclass(frozen=True, slots=True)
class Granted:
    """A token was issued; it ends `expires_in` seconds from now."""

    token: SecretText
    expires_in: int
    scope: str
    client_id: str
    credential_id: str
    audience: str


class Refusal(Enum):
    """Why no token was issued. Edges give each its status: 401 for the first, 400 or 403 for the others."""

    INVALID_CLIENT = auto()
    """Unknown, deleted, expired or wrong: one answer for all, so that nobody learns which ids exist."""
    UNKNOWN_AUDIENCE = auto()
    INVALID_TARGET = auto()
    SCOPE_NOT_GRANTED = auto()


class Cause(Enum):
    """What the operator is told apart though callers are not: where to look for the fault."""

    UNKNOWN_CLIENT = auto()
    """No living client has the id: it was deleted, or never was one of this installation."""
    WRONG_SECRET = auto()
    """The secret is none that the client ever had, or none of ours at all."""
    ENDED_SECRET = auto()
    """The secret was the client's and has ended."""
    WRONG_ASSERTION = auto()
    """The signed assertion does not hold."""
    DENIED = auto()
    """The client proved who it is and asked for what it may not have."""


@dataclass(frozen=True, slots=True)
class Refused:
    """
    No token: `public` is for the caller; `reason`, `cause` and `credential_id` are for the operator.

    `credential_id` names the secret or key that was proved, also one that has ended; None where nothing was.
    """

    refusal: Refusal
    public: str
    reason: str
    client_id: str
    cause: Cause = Cause.DENIED
    credential_id: str | None = None


@dataclass(frozen=True, slots=True)
class IssuingPolicy:
    """
    What all tokens have in common: issuer, lifetime in seconds, the domain of audiences, the gateway's own host names.

    `shield_window` is how many seconds identical requests get the same token, 0 for a new one each time.
    """

    issuer: str
    lifetime: int
    audience_domain: str
    gateway_hosts: frozenset[str]
    token_type: TokenType = TokenType.JWT
    shield_window: int = 0
    longest_life: int = 2_592_000
    """Seconds that no token outlives, whatever its client was given once: keys and revocations are kept that long."""
