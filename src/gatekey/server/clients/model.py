"""
What an API client and its stored secret are, and what can come of asking for a change.
"""

from dataclasses import dataclass
from datetime import datetime

from gatekey.wire.secret_text import SecretText
from gatekey.wire.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class Client:
    """
    An API client of one cluster; its names are unique there.
    """

    client_id: str
    cluster_id: str
    organisation_id: str
    name: str
    scopes: frozenset[Scope]
    created: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """
    What is kept of a client secret: a keyed digest, never the text.

    `presented` is when its text was handed to a person; None means that perhaps nobody ever saw it (the program that
    created it was stopped in between), so the client can only be deleted and created again.
    """

    secret_id: str
    client_id: str
    digest: bytes
    created: datetime
    presented: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedClient:
    """
    A client as lists show it: `secret_presented` is False where nobody may have seen its secret.
    """

    client: Client
    secret_presented: bool


@dataclass(frozen=True, slots=True)
class Created:
    """
    A new client and the one sight of its secret.
    """

    client: Client
    secret_id: str
    secret: SecretText


@dataclass(frozen=True, slots=True)
class Refused:
    """
    A client that was not created: `public` is for the caller, `reason` for the operator.
    """

    public: str
    reason: str
