"""From a token request to a token: authenticate, find the scope, sign."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.token_request import TokenRequest
from gatekey.oauth.vocabulary import Scope
from gatekey.server.signing_keys.keys import SigningKey
from gatekey.server.signing_keys.ports import KeyRing
from gatekey.server.tokens.authentication import ClientAuthentication
from gatekey.server.tokens.claims import ClaimsText
from gatekey.server.tokens.model import Authenticated, Granted, IssuingPolicy, KnownClient, Refused
from gatekey.server.tokens.ports import ClientDirectory
from gatekey.server.tokens.shield import shared_token_id, window_start
from gatekey.server.tokens.targets import choose_scope, name_audience

REMEMBERED_TOKENS = 10_000
"""Tokens of current windows that a worker keeps; about 15 MB when full, and forgetting one only costs its signature."""

PREPARED_KINDS = 10_000
"""Kinds of tokens whose common part a worker keeps; about 15 MB when full, and forgetting one costs 10 µs."""

SHARED_PART = 10
"""A window takes at most this part of a token's life, so that a shared token never arrives nearly dead."""

Place = tuple[str, str, str, str, int, int]
"""All that tokens of one window have in common: client, credential, audience, key, `iat` and lifetime."""

NOTHING: tuple[str, SecretText | None] = ("", None)


@dataclass(frozen=True, slots=True)
class TokenKind:
    """
    What all tokens have in common that one client gets for one scope by one of its credentials; times are in seconds,
    and all tokens from before `not_before` are revoked.
    """

    client: KnownClient
    audience: str
    claims: ClaimsText
    lifetime: int
    window: int
    not_before: int


@dataclass(frozen=True, slots=True)
class TokenService:
    """
    Grants or refuses tokens. `now` is in seconds since 1970, `make_id` returns a fresh `jti` (RFC 7519 section
    4.1.7).
    """

    authentication: ClientAuthentication
    directory: ClientDirectory
    keys: KeyRing
    policy: IssuingPolicy
    shield_key: bytes = field(repr=False)
    now: Callable[[], float]
    make_id: Callable[[], str]
    remembered: dict[Place, tuple[str, SecretText | None]] = field(default_factory=dict)
    kinds: dict[tuple[str, Scope], TokenKind] = field(default_factory=dict, init=False, repr=False)

    def answer(self, request: TokenRequest) -> Granted | Refused:
        """Grant or refuse. Raises `StorageUnavailable` when clients or keys cannot be read: never a refusal."""
        who = self.prove(request)
        return who if isinstance(who, Refused) else self.grant(who, request)

    def prove(self, request: TokenRequest) -> Authenticated | Refused:
        """
        Say who asks. A client assertion is spent by that, whatever comes of the request: only an unused one proves
        anything. Raises `StorageUnavailable`.
        """
        return self.authentication.authenticate(request.credential)

    def grant(self, who: Authenticated, request: TokenRequest) -> Granted | Refused:
        """Grant or refuse what a client that has proved itself just now wants. Raises `StorageUnavailable`."""
        scope = choose_scope(request, who.client, self.policy)
        if isinstance(scope, Refused):
            return replace(scope, credential_id=who.credential_id)
        return self._grant(who, self._kind(who, scope))

    def remembers(self, who: Authenticated, request: TokenRequest) -> bool:
        """
        Say whether `grant` would only repeat a token: this worker has issued the same one within the storm shield's
        window.
        """
        scope = choose_scope(request, who.client, self.policy)
        if isinstance(scope, Refused):
            return False
        kind = self._kind(who, scope)
        if not kind.window:
            return False
        issued_at = self._window(kind, self.now())
        place = self._place(who.credential_id, kind, self.keys.signing_key(), issued_at)
        token_id, token = self.remembered.get(place, NOTHING)
        return token is not None and not self.directory.is_revoked(token_id)

    def _kind(self, who: Authenticated, scope: Scope) -> TokenKind:
        kind = self.kinds.get((who.credential_id, scope))
        # The same object, not an equal one: whatever was changed in the database since, the directory has made another.
        if kind is None or kind.client is not who.client:
            if len(self.kinds) >= PREPARED_KINDS:
                del self.kinds[next(iter(self.kinds))]  # the oldest
            kind = self.kinds[who.credential_id, scope] = self._prepare(who, scope)
        return kind

    def _prepare(self, who: Authenticated, scope: Scope) -> TokenKind:
        audience = name_audience(scope, self.policy)
        lifetime = min(who.client.lifetime or self.policy.lifetime, self.policy.longest_life)
        return TokenKind(
            client=who.client,
            audience=audience,
            claims=ClaimsText.of(self.policy.issuer, who.client, who.credential_id, audience),
            lifetime=lifetime,
            window=min(self.policy.shield_window, lifetime // SHARED_PART),
            not_before=max(who.not_before, who.client.scopes_from.get(scope, 0)),
        )

    def _grant(self, who: Authenticated, kind: TokenKind) -> Granted:
        now = self.now()
        key = self.keys.signing_key()
        if kind.window:
            issued_at = self._window(kind, now)
            token = self._shared_token(self._place(who.credential_id, kind, key, issued_at), kind, key, issued_at)
        else:
            issued_at = max(int(now), kind.not_before)
            token = self._sign(kind, key, issued_at, self.make_id())
        return Granted(
            token=token,
            expires_in=issued_at + kind.lifetime - int(now),
            scope=who.client.cluster_id,
            client_id=who.client.client_id,
            credential_id=who.credential_id,
            audience=kind.audience,
        )

    @staticmethod
    def _window(kind: TokenKind, now: float) -> int:
        return max(window_start(now, kind.client.client_id, kind.window), kind.not_before)

    @staticmethod
    def _place(credential_id: str, kind: TokenKind, key: SigningKey, issued_at: int) -> Place:
        return (kind.client.client_id, credential_id, kind.audience, key.key_id, issued_at, kind.lifetime)

    def _shared_token(self, place: Place, kind: TokenKind, key: SigningKey, issued_at: int) -> SecretText:
        token_id, token = self.remembered.get(place, NOTHING)
        if token is None or self.directory.is_revoked(token_id):
            token_id = self._shared_id(place)
            token = self._sign(kind, key, issued_at, token_id)
            if len(self.remembered) >= REMEMBERED_TOKENS:
                del self.remembered[next(iter(self.remembered))]  # the oldest
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

    def _sign(self, kind: TokenKind, key: SigningKey, issued_at: int, token_id: str) -> SecretText:
        claims = kind.claims.complete(issued_at, issued_at + kind.lifetime, token_id)
        return SecretText(key.sign(claims, self.policy.token_type))
