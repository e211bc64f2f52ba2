"""Asking whether a token is alive (RFC 7662) and ending it (RFC 7009)."""

import json
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from gatekey.oauth.client_authentication import read_credential
from gatekey.oauth.fields import Fields, UnreadableError, read_fields
from gatekey.server.api.oauth.endpoint import (
    Answer,
    Arrived,
    OAuthEndpoint,
    error_answer,
    malformed_answer,
    refusal_answer,
)
from gatekey.server.limits.limits import Ruling
from gatekey.server.tokens.model import Authenticated, Refused
from gatekey.server.tokens.token_life import Introspection, TokenLife

INTROSPECTION_PATH = "/oauth/introspect"
REVOCATION_PATH = "/oauth/revoke"


@dataclass(frozen=True, slots=True)
class _Asked:
    who: Authenticated
    token: str
    ruling: Ruling | None


@dataclass(frozen=True, slots=True)
class TokenLifeEndpoint(OAuthEndpoint):
    """Reads what both endpoints take: client authentication and one `token`."""

    life: TokenLife

    def asked(self, request: Arrived) -> _Asked | Answer:
        """Return who asks about which token, or the refusal."""
        try:
            fields = read_fields(request.content_type, request.body)
            credential = read_credential(fields, request.authorization)
            token = _token(fields)
        except UnreadableError as unreadable:
            return malformed_answer(unreadable.malformed, request)
        who = self.life.authentication.authenticate(credential)
        if isinstance(who, Refused):
            return refusal_answer(who, request)
        ruling, limited = self.prove(request, who.client.client_id, who.client.organisation_id)
        return limited or _Asked(who, token, ruling)


@dataclass(frozen=True, slots=True)
class IntrospectionEndpoint(TokenLifeEndpoint):
    """RFC 7662."""

    @property
    def name(self) -> str:
        """The endpoint's name in logs and metrics."""
        return "introspection"

    @property
    def path(self) -> str:
        """Where it is."""
        return INTROSPECTION_PATH

    async def perform(self, request: Arrived) -> Answer:
        """Say whether a token is alive, and what it says."""
        asked = self.asked(request)
        if isinstance(asked, Answer):
            return asked
        found = self.life.introspect(asked.who, asked.token)
        return Answer(
            200,
            json.dumps(_as_json(found)).encode(),
            client_id=asked.who.client.client_id,
            reason="active" if found.active else "not active",
            credential_id=asked.who.credential_id,
            ruling=asked.ruling,
        )


@dataclass(frozen=True, slots=True)
class RevocationEndpoint(TokenLifeEndpoint):
    """RFC 7009."""

    @property
    def name(self) -> str:
        """The endpoint's name in logs and metrics."""
        return "revocation"

    @property
    def path(self) -> str:
        """Where it is."""
        return REVOCATION_PATH

    async def perform(self, request: Arrived) -> Answer:
        """Revoke a token of the client that asks; a token that is none of ours is revoked already (section 2.2)."""
        asked = self.asked(request)
        if isinstance(asked, Answer):
            return asked
        planned = self.life.plan_revocation(asked.who, asked.token)
        client_id = asked.who.client.client_id
        if isinstance(planned, Refused):
            return error_answer(
                400,
                "unauthorized_client",
                planned.public,
                client_id=client_id,
                reason=planned.reason,
                ruling=asked.ruling,
            )
        if planned is not None:
            await run_in_threadpool(self.life.revoke, planned, client_id)
        return Answer(200, b"{}", (), client_id, "revoked", asked.who.credential_id, ruling=asked.ruling)


def _token(fields: Fields) -> str:
    token = fields.get("token", "")
    if not token:
        raise UnreadableError("The token is required.")
    return token


def _as_json(found: Introspection) -> dict[str, Any]:
    if not found.active:
        return {"active": False}
    return {"active": True, "token_type": "Bearer", **found.claims}
