"""
What the token service knows of a client, and what it can answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from gatekey.wire.secret_text import SecretText
from gatekey.wire.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class KnownClient:
    """
    A live client as token requests need it; `digests` are its live secrets' digests by secret id.
    """

    client_id: str
    cluster_id: str
    organisation_id: str
    region: str
    scopes: frozenset[Scope]
    digests: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Granted:
    """
    A token was issued; it ends `expires_in` seconds after `issued_at` (both whole seconds).
    """

    token: SecretText
    issued_at: int
    expires_in: int
    scope: str
    client_id: str
    audience: str


class Refusal(Enum):
    """
    Why no token was issued. Edges give each its status: 401 for the first, 403 for the others.
    """

    INVALID_CLIENT = auto()
    """Unknown, deleted or wrong: one answer for all, so that nobody learns which ids exist."""
    UNKNOWN_AUDIENCE = auto()
    SCOPE_NOT_GRANTED = auto()


@dataclass(frozen=True, slots=True)
class Refused:
    """
    No token: `public` is for the caller, `reason` for the operator.
    """

    refusal: Refusal
    public: str
    reason: str
    client_id: str


@dataclass(frozen=True, slots=True)
class IssuingPolicy:
    """
    What all tokens have in common: issuer, lifetime in seconds, the domain of audiences, the gateway's own host names.
    """

    issuer: str
    lifetime: int
    audience_domain: str
    gateway_hosts: frozenset[str]
