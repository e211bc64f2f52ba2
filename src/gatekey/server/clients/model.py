"""What an API client and its stored secret are, and what can come of asking for a change."""

from dataclasses import dataclass, field
from datetime import datetime

from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class Client:
    """An API client of one cluster; its names are unique there."""

    client_id: str
    cluster_id: str
    organisation_id: str
    name: str
    scopes: frozenset[Scope]
    created: datetime
    created_by: str
    lifetime: int | None = None
    """Seconds its tokens live; None for as long as the installation's do."""


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """
    What is kept of a client secret: a keyed digest, never the text.

    `presented` is when its text was handed to a person; None means that perhaps nobody ever saw it (the program that
    created it was stopped in between), so the client can only be deleted and created again.
    """

    secret_id: str
    client_id: str
    digest: bytes = field(repr=False)
    created: datetime
    presented: datetime | None = None
    label: str = ""
    ends: datetime | None = None
    """When it stops working; None for never."""

    def lives(self, now: datetime) -> bool:
        """Say whether it still gets tokens."""
        return self.ends is None or self.ends > now


@dataclass(frozen=True, slots=True)
class SecretUse:
    """The last time a secret got a token, from which address, with which user agent."""

    at: datetime
    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class ListedSecret:
    """A stored secret with its last use, None when it was never used (or only in the last seconds)."""

    secret: StoredSecret
    use: SecretUse | None


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A public key that a client signs assertions with (RFC 7523); `jwk` is its JWK as JSON text."""

    key_id: str
    client_id: str
    jwk: str
    created: datetime


@dataclass(frozen=True, slots=True)
class SecretRotation:
    """
    What a rotation changes: `new` comes, those of `ending` end at `ends`,
    with their tokens where `revoke` says so.
    """

    new: StoredSecret
    ending: tuple[StoredSecret, ...]
    ends: datetime
    revoke: bool


@dataclass(frozen=True, slots=True)
class Rotated:
    """A new secret's one sight, and when the older ones end (None where none was alive, or all end sooner anyway)."""

    client_id: str
    secret_id: str
    secret: SecretText
    others_end: datetime | None


@dataclass(frozen=True, slots=True)
class ListedClient:
    """A client as lists show it: `secret_presented` is False where nobody may have seen its secret."""

    client: Client
    secret_presented: bool


@dataclass(frozen=True, slots=True)
class ClientQuery:
    """
    A page of a cluster's clients, oldest first: those whose name holds `text` (in any case) or whose id it is, that
    come after the client with the id `after`, at most `limit`.
    """

    cluster_id: str
    text: str = ""
    after: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Created:
    """A new client and the one sight of its secret."""

    client: Client
    secret_id: str
    secret: SecretText


@dataclass(frozen=True, slots=True)
class Change:
    """A client with other scopes or another lifetime of its tokens; those for a scope of `lost` are revoked."""

    client: Client
    lost: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class Refused:
    """
    A client that was not created or changed: `public` is for the caller, `reason` for the operator, `field` what of a
    form was wrong, if one field was.
    """

    public: str
    reason: str
    field: str | None = None
