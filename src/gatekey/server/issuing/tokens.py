"""
From a token request to a token: authenticate, look at the audience, sign.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from gatekey.server.issuing.audiences import name_audience, read_audience
from gatekey.server.issuing.model import Granted, IssuingPolicy, KnownClient, Refusal, Refused
from gatekey.server.issuing.ports import ClientDirectory, KeyRing
from gatekey.wire.identifiers import read_secret
from gatekey.wire.secret_text import SecretText
from gatekey.wire.token_request import TokenRequest
from gatekey.wire.vocabulary import CLIENT_CLAIM, CLUSTER_CLAIM, ORGANISATION_CLAIM, Scope

NO_DIGEST = bytes(32)
"""Compared with when there is no stored digest, so that an unknown client costs what a known one costs."""


@dataclass(frozen=True, slots=True)
class TokenService:
    """
    Grants or refuses tokens. `now` is in seconds since 1970, `make_id` returns a fresh `jti` (RFC 7519 section 4.1.7).
    """

    directory: ClientDirectory
    keys: KeyRing
    policy: IssuingPolicy
    pepper: bytes = field(repr=False)
    now: Callable[[], float]
    make_id: Callable[[], str]

    def answer(self, request: TokenRequest) -> Granted | Refused:
        """
        Grant or refuse. Raises `StorageUnavailable` when clients or keys cannot be read: never a refusal.
        """
        client = self.directory.find(request.client_id)
        if not self._authenticated(client, request.client_secret) or client is None:
            reason = "unknown or deleted client" if client is None else "wrong secret"
            return Refused(Refusal.INVALID_CLIENT, "Client authentication failed.", reason, request.client_id)
        scope = read_audience(request.audience, client, self.policy)
        if scope is None:
            return Refused(
                Refusal.UNKNOWN_AUDIENCE,
                "The audience is not one of this cluster's APIs.",
                "unknown audience",
                client.client_id,
            )
        if scope not in client.scopes:
            return Refused(
                Refusal.SCOPE_NOT_GRANTED,
                f"The client does not have the scope {scope}.",
                f"scope {scope} not granted",
                client.client_id,
            )
        return self._grant(client, scope)

    def _authenticated(self, client: KnownClient | None, secret: SecretText) -> bool:
        text = secret.reveal()
        shape = read_secret(text)
        expected = client.digests.get(shape.secret_id) if client and shape else None
        given = hmac.digest(self.pepper, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return hmac.compare_digest(given, expected or NO_DIGEST) and expected is not None

    def _grant(self, client: KnownClient, scope: Scope) -> Granted:
        issued_at = int(self.now())
        audience = name_audience(scope, self.policy)
        claims = {
            "iss": self.policy.issuer,
            "sub": client.client_id,
            "aud": audience,
            "client_id": client.client_id,
            "azp": client.client_id,
            "scope": client.cluster_id,
            "gty": "client-credentials",
            "iat": issued_at,
            "exp": issued_at + self.policy.lifetime,
            "jti": self.make_id(),
            CLUSTER_CLAIM: client.cluster_id,
            ORGANISATION_CLAIM: client.organisation_id,
            CLIENT_CLAIM: client.client_id,
        }
        token = self.keys.signing_key().sign(json.dumps(claims, separators=(",", ":")).encode())
        return Granted(
            SecretText(token), issued_at, self.policy.lifetime, client.cluster_id, client.client_id, audience
        )
