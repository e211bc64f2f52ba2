"""
The claims of access tokens, as JSON.

All but three are the same in every token of one client, credential and audience. They are written once; a token adds
when it was issued, when it ends and its own id.
"""

from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted
from typing import Self

from gatekey.oauth.vocabulary import CLIENT_CLAIM, CLUSTER_CLAIM, CREDENTIAL_CLAIM, ORGANISATION_CLAIM
from gatekey.server.tokens.model import KnownClient


@dataclass(frozen=True, slots=True)
class ClaimsText:
    """The JSON text before and after the three claims that differ from token to token."""

    before: str
    after: str

    @classmethod
    def of(cls, issuer: str, client: KnownClient, credential_id: str, audience: str) -> Self:
        """Return the claims of the tokens that a client gets for an audience by one of its secrets or keys."""
        before = {
            "iss": issuer,
            "sub": client.client_id,
            "aud": audience,
            "client_id": client.client_id,
            "azp": client.client_id,
            "scope": client.cluster_id,
            "gty": "client-credentials",
        }
        after = {
            CLUSTER_CLAIM: client.cluster_id,
            ORGANISATION_CLAIM: client.organisation_id,
            CLIENT_CLAIM: client.client_id,
            CREDENTIAL_CLAIM: credential_id,
        }
        return cls(_members(before), _members(after))

    def complete(self, issued_at: int, ends: int, token_id: str) -> bytes:
        """Return the claims of one token; instants are in whole seconds since 1970 (RFC 7519 section 4.1)."""
        own = f'"iat":{issued_at:d},"exp":{ends:d},"jti":{quoted(token_id)}'
        return f"{{{self.before},{own},{self.after}}}".encode("ascii")


def _members(claims: dict[str, str]) -> str:
    return ",".join(f"{quoted(name)}:{quoted(value)}" for name, value in claims.items())
