"""How a client says who it is (RFC 6749 section 2.3, RFC 7523 section 2.2)."""

import base64
import binascii
import json
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_plus

from gatekey.oauth.fields import Fields, UnreadableError, check_values, read_fields
from gatekey.oauth.secret_text import SecretText

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""RFC 7523 section 2.2."""

JWT_DOTS = 2


class Method(StrEnum):
    """The names of RFC 8414's `token_endpoint_auth_methods_supported`."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY = "private_key_jwt"


@dataclass(frozen=True, slots=True)
class SecretCredential:
    """A client id and a secret; not yet known to be true."""

    client_id: str
    secret: SecretText
    method: Method


@dataclass(frozen=True, slots=True)
class AssertionCredential:
    """A signed JWT that names the client; not yet known to be true."""

    client_id: str
    assertion: SecretText
    method: Method = Method.PRIVATE_KEY


Credential = SecretCredential | AssertionCredential


def read_credential(fields: Fields, authorization: str | None) -> Credential:
    """Return the one credential of a request. Raises `UnreadableError` for none, half of one, or two."""
    if (authorization is not None) + ("client_secret" in fields) + ("client_assertion" in fields) > 1:
        raise UnreadableError("Credentials were sent in more than one way: use one.")
    if authorization is not None:
        client_id, secret = read_basic(authorization)
        _agree(client_id, fields.get("client_id", ""))
        return SecretCredential(client_id, SecretText(secret), Method.BASIC)
    if "client_assertion" in fields:
        return _assertion(fields)
    client_id, secret = fields.get("client_id", ""), fields.get("client_secret", "")
    if not client_id or not secret:
        raise UnreadableError("client_id and client_secret are required.")
    return SecretCredential(client_id, SecretText(secret), Method.POST)


def read_basic(authorization: str) -> tuple[str, str]:
    """
    Return id and secret of HTTP Basic (RFC 7617), percent-decoded (RFC 6749 section 2.3.1). Raises `UnreadableError`.

    pyzeebe does not encode; our ids and secrets have no character that decoding would change, so both ways read alike.
    """
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise UnreadableError("The Authorization header must be Basic.")
    try:
        text = base64.b64decode(encoded.strip(" "), validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        raise UnreadableError("The Basic credentials are not base64.") from None
    client_id, colon, secret = text.partition(":")
    if not colon or not client_id or not secret:
        raise UnreadableError("The Basic credentials need an id, a colon and a secret.")
    decoded = unquote_plus(client_id), unquote_plus(secret)
    check_values(decoded)
    return decoded


def claimed_client(content_type: str, authorization: str | None, body: bytes) -> str | None:
    """Return the client id that a request claims, however broken it is otherwise; only for telling the operator."""
    try:
        if authorization:
            return read_basic(authorization)[0]
        fields = read_fields(content_type, body)
        return fields.get("client_id") or _subject(fields.get("client_assertion", ""))
    except UnreadableError:
        return None


def _assertion(fields: Fields) -> AssertionCredential:
    if fields.get("client_assertion_type") != ASSERTION_TYPE:
        raise UnreadableError(f"The client_assertion_type must be {ASSERTION_TYPE}.")
    assertion = fields["client_assertion"]
    client_id = _subject(assertion)
    if client_id is None:
        raise UnreadableError("The client_assertion is no JWT with a subject.")
    _agree(client_id, fields.get("client_id", ""))
    return AssertionCredential(client_id, SecretText(assertion))


def _agree(client_id: str, in_body: str) -> None:
    if in_body not in {"", client_id}:
        raise UnreadableError("The credentials and the body name different clients.")


def _subject(assertion: str) -> str | None:
    """Return the unverified `sub`: it only says whose keys to verify with."""
    segments = assertion.split(".")
    if len(segments) != JWT_DOTS + 1:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(segments[1] + "=" * (-len(segments[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) and subject else None
