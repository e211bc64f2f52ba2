"""What can be revoked, and for how long that matters."""

import math
from dataclasses import dataclass
from enum import StrEnum

from gatekey.oauth.vocabulary import Scope


class Kind(StrEnum):
    """What a revocation names."""

    TOKEN = "token"  # noqa: S105 - a word, not a token
    """One token, by its `jti`."""
    CREDENTIAL = "credential"
    """All tokens that one secret or key got, by its id."""
    CLIENT = "client"
    """All tokens of a client, by its client id."""
    SCOPE = "scope"
    """All tokens of a client for one API, whose scope it lost; see `name_scope`."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """
    Tokens of `subject` issued (`iat`) before `before` are revoked; nobody needs to remember it after `until`.

    Both are in seconds since 1970, `before` whole, because `iat` is.
    """

    kind: Kind
    subject: str
    before: int
    until: float


def name_key(client_id: str, key_id: str) -> str:
    """
    Return the credential id of a client's public key.

    People choose key ids, and two clients may choose the same: only with its client does one name a key. Secret ids
    have no colon, so a key is never taken for a secret.
    """
    return f"{client_id}:{key_id}"


def name_scope(client_id: str, scope: Scope) -> str:
    """Return the subject of a revocation of one client's tokens for one API; client ids have no colon."""
    return f"{client_id}:{scope}"


def read_scope(subject: str) -> tuple[str, Scope]:
    """Return client id and scope of a subject that `name_scope` made."""
    client_id, _, scope = subject.partition(":")
    return client_id, Scope(scope)


def revoke_all_until(now: float) -> int:
    """Return the `before` that covers every token issued up to now, the current second included."""
    return math.floor(now) + 1
