"""
What stands in the files of the shared folder. Pure; reads only what it could have written, all else is as if
missing.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatekey.client.answer import VISIBLE
from gatekey.client.cache.ports import CacheKey
from gatekey.client.failures import Failure, FailureKind, TransportErrorKind
from gatekey.client.policy import Backoff
from gatekey.client.token import Token
from gatekey.oauth.secret_text import SecretText

FORMAT = 1
"""Raised when older versions could misread what newer ones write; each leaves the other's files alone."""


@dataclass(frozen=True, slots=True)
class CredentialRecord:
    """One credential: whose it is, for people who look, and what is entry."""

    token_url: str
    client_id: str
    audience: str | None
    scope: str | None
    token: Token | None = None
    refusal: Backoff | None = None
    replaced_at: float | None = None


@dataclass(frozen=True, slots=True)
class EndpointRecord:
    """One token endpoint, and why nobody asks it."""

    token_url: str
    pause: Backoff | None = None


def record_of(
    key: CacheKey, token: Token | None, refusal: Backoff | None, replaced_at: float | None
) -> CredentialRecord:
    """Return the record of a credential."""
    return CredentialRecord(key.token_url, key.client_id, key.audience, key.scope, token, refusal, replaced_at)


def encode_credential(record: CredentialRecord) -> bytes:
    """Return the file's content; it holds the token, never the client secret."""
    token = record.token
    fields = {
        "format": FORMAT,
        "token_url": record.token_url,
        "client_id": record.client_id,
        "audience": record.audience,
        "scope": record.scope,
        "token": {
            "access_token": token.access_token.reveal(),
            "obtained_at": token.obtained_at,
            "renew_at": token.renew_at,
            "expires_at": token.expires_at,
            "scope": token.scope,
        }
        if token
        else None,
        "refusal": _backoff_fields(record.refusal),
        "replaced_at": record.replaced_at,
    }
    return json.dumps(fields).encode()


def encode_endpoint(record: EndpointRecord) -> bytes:
    """Return the file's content."""
    fields = {"format": FORMAT, "token_url": record.token_url, "pause": _backoff_fields(record.pause)}
    return json.dumps(fields).encode()


def decode_credential(content: bytes) -> CredentialRecord | None:
    """Return the record, or None for anything that is none."""
    fields = _fields(content)
    try:
        token = fields["token"]
        return CredentialRecord(
            _text(fields["token_url"]),
            _text(fields["client_id"]),
            _text_or_none(fields["audience"]),
            _text_or_none(fields["scope"]),
            None if token is None else _token(token),
            _backoff(fields["refusal"]),
            None if fields["replaced_at"] is None else _number(fields["replaced_at"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def decode_endpoint(content: bytes) -> EndpointRecord | None:
    """Return the record, or None for anything that is none."""
    fields = _fields(content)
    try:
        return EndpointRecord(_text(fields["token_url"]), _backoff(fields["pause"]))
    except (KeyError, TypeError, ValueError):
        return None


def _fields(content: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) and value.get("format") == FORMAT else {}


def _token(fields: Mapping[str, Any]) -> Token:
    return Token(
        _access_token(fields["access_token"]),
        _number(fields["obtained_at"]),
        _number(fields["renew_at"]),
        _number(fields["expires_at"]),
        _text(fields["scope"]),
    )


def _backoff_fields(backoff: Backoff | None) -> dict[str, object] | None:
    if backoff is None:
        return None
    failure = backoff.failure
    return {
        "since": backoff.since,
        "until": backoff.until,
        "count": backoff.count,
        "kind": failure.kind.value,
        "message": failure.message,
        "hint": failure.hint,
        "status": failure.status,
        "error": failure.error,
        "description": failure.description,
        "retry_after": failure.retry_after,
        "transport": failure.transport.name if failure.transport else None,
    }


def _backoff(fields: Mapping[str, Any] | None) -> Backoff | None:
    if fields is None:
        return None
    retry_after, transport = fields["retry_after"], fields["transport"]
    failure = Failure(
        FailureKind(fields["kind"]),
        _text(fields["message"]),
        _text(fields["hint"]),
        int(fields["status"]),
        _text(fields["error"]),
        _text(fields["description"]),
        None if retry_after is None else _number(retry_after),
        None if transport is None else TransportErrorKind[transport],
    )
    return Backoff(failure, _number(fields["since"]), _number(fields["until"]), int(fields["count"]))


def _access_token(value: object) -> SecretText:
    text = _text(value)
    if not VISIBLE.fullmatch(text):
        raise ValueError("nothing that fits into a header")
    return SecretText(text)


def _number(value: object) -> float:
    """Return a number of seconds. One that is none (`NaN`, which JSON has in Python) would be good for ever."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("no number")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)
