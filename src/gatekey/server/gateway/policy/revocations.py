"""What a revocation names: the tokens that open nothing although they have not expired."""

from enum import Enum
from typing import NamedTuple

from gatekey.oauth.vocabulary import CREDENTIAL_CLAIM


class Named(Enum):
    """What a revocation names; the values are the claims of a token that hold it."""

    TOKEN = "jti"  # noqa: S105 - the name of a claim
    CREDENTIAL = CREDENTIAL_CLAIM
    CLIENT = "sub"


class Subject(NamedTuple):
    """Whose tokens are revoked; with an `audience`, only those for that API: its scope was removed."""

    named: Named
    value: str
    audience: str | None = None


FOREVER = 10**12
"""
Seconds since 1970 after which no token is issued: its subject will never get another, because it is gone.

Said so rather than by the time of its end, a revocation costs the gateway a sixth.
"""
