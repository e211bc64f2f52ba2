"""
From a token request to a token: authenticate, find the scope, sign.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from gatekey.server.issuing.authentication import ClientAuthentication
from gatekey.server.issuing.keys import SigningKey
from gatekey.server.issuing.model import Authenticated, Granted, IssuingPolicy, Refused
from gatekey.server.issuing.ports import ClientDirectory, KeyRing
from gatekey.server.issuing.shield import shared_token_id, window_start
from gatekey.server.issuing.targets import choose_scope, name_audience
from gatekey.wire.secret_text import SecretText
from gatekey.wire.token_request import TokenRequest
from gatekey.wire.vocabulary import CLIENT_CLAIM, CLUSTER_CLAIM, CREDENTIAL_CLAIM, ORGANISATION_CLAIM, Scope

REMEMBERED_TOKENS = 10_000
"""Tokens of current windows that a worker keeps; about 15 MB when full, and forgetting one only costs its signature."""

encode_claims = json.JSONEncoder(separators=(",", ":")).encode
"""One encoder for all: `json.dumps` would build a new one for each token."""

SHARED_PART = 10
"""A window takes at most this part of a token's life, so that a shared token never arrives nearly dead."""

Place = tuple[str, str, str, str, int, int]
"""All that tokens of one window have in common: client, credential, audience, key, `iat` and lifetime."""

NOTHING: tuple[str, SecretText | None] = ("", None)


@dataclass(frozen=True, slots=True)
class TokenService:
    """
    Grants or refuses tokens. `now` is in seconds since 1970, `make_id` returns a fresh `jti` (RFC 7519 section 4.1.7).
    """

    authentication: ClientAuthentication
    directory: ClientDirectory
    keys: KeyRing
    policy: IssuingPolicy
    shield_key: bytes = field(repr=False)
    now: Callable[[], float]
    make_id: Callable[[], str]
    remembered: dict[Place, tuple[str, SecretText | None]] = field(default_factory=dict)

    def answer(self, request: TokenRequest) -> Granted | Refused:
        """
        Grant or refuse. Raises `StorageUnavailable` when clients or keys cannot be read: never a refusal.
        """
        who = self.authentication.authenticate(request.credential)
        if isinstance(who, Refused):
            return who
        scope = choose_scope(request, who.client, self.policy)
        return scope if isinstance(scope, Refused) else self._grant(who, scope)

    def _grant(self, who: Authenticated, scope: Scope) -> Granted:
        now = self.now()
        key = self.keys.signing_key()
        lifetime = min(who.client.lifetime or self.policy.lifetime, self.policy.longest_life)
        audience = name_audience(scope, self.policy)
        window = min(self.policy.shield_window, lifetime // SHARED_PART)
        not_before = max(who.not_before, who.client.scopes_from.get(scope, 0))
        if window:
            issued_at = max(window_start(now, who.client.client_id, window), not_before)
            token = self._shared_token(who, audience, key, issued_at, lifetime)
        else:
            issued_at = max(int(now), not_before)
            token = self._sign(who, audience, key, issued_at, lifetime, self.make_id())
        return Granted(
            token=token,
            expires_in=issued_at + lifetime - int(now),
            scope=who.client.cluster_id,
            client_id=who.client.client_id,
            credential_id=who.credential_id,
            audience=audience,
        )

    def _shared_token(
        self, who: Authenticated, audience: str, key: SigningKey, issued_at: int, lifetime: int
    ) -> SecretText:
        place = (who.client.client_id, who.credential_id, audience, key.key_id, issued_at, lifetime)
        token_id, token = self.remembered.get(place, NOTHING)
        if token is None or self.directory.is_revoked(token_id):
            token_id = self._shared_id(place)
            token = self._sign(who, audience, key, issued_at, lifetime, token_id)
            if len(self.remembered) >= REMEMBERED_TOKENS:
                self.remembered.clear()
            self.remembered[place] = (token_id, token)
        return token

    def _shared_id(self, place: Place) -> str:
        # A revoked token must not come again: the next number makes the next token, on every worker alike.
        number = 0
        while True:
            token_id = shared_token_id(self.shield_key, (*map(str, place), str(number)))
            if not self.directory.is_revoked(token_id):
                return token_id
            number += 1

    def _sign(  # noqa: PLR0913, PLR0917 - all that a token says
        self, who: Authenticated, audience: str, key: SigningKey, issued_at: int, lifetime: int, token_id: str
    ) -> SecretText:
        client = who.client
        claims = {
            "iss": self.policy.issuer,
            "sub": client.client_id,
            "aud": audience,
            "client_id": client.client_id,
            "azp": client.client_id,
            "scope": client.cluster_id,
            "gty": "client-credentials",
            "iat": issued_at,
            "exp": issued_at + lifetime,
            "jti": token_id,
            CLUSTER_CLAIM: client.cluster_id,
            ORGANISATION_CLAIM: client.organisation_id,
            CLIENT_CLAIM: client.client_id,
            CREDENTIAL_CLAIM: who.credential_id,
        }
        return SecretText(key.sign(encode_claims(claims).encode(), self.policy.form))
