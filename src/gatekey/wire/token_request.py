"""
Token requests (RFC 6749 section 4.4), read from and written to bytes.

Lenient where real clients need it: `grant_type` may be missing (old pyzeebe), `scope=` may be empty (zbctl), JSON is
taken beside forms (Camunda's own documentation), `audience` may be missing. Strict everywhere else.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

from gatekey.wire.secret_text import SecretText

BODY_LIMIT = 16 * 1024
"""Bytes. The largest honest request (two ids, a secret, an audience) has under 1 KiB."""

FIELD_LIMIT = 32
"""Fields in one request; RFC 6749 and its extensions know about ten."""

VALUE_LIMIT = 4 * 1024
"""Characters in one value."""

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
CLIENT_CREDENTIALS = "client_credentials"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """
    A well-formed token request; who sent it is not yet known to be true.
    """

    client_id: str
    client_secret: SecretText
    audience: str | None
    used_basic: bool


@dataclass(frozen=True, slots=True)
class Malformed:
    """
    A request that cannot be read: `error` is the code of RFC 6749 section 5.2, `description` says what to mend.
    """

    error: str
    description: str


class _Unreadable(Exception):
    """
    Carries a `Malformed` out of the parsing functions of this module.
    """

    def __init__(self, description: str, error: str = "invalid_request") -> None:
        super().__init__(description)
        self.malformed = Malformed(error, description)


def encode_request(credentials: Mapping[str, str], audience: str | None, scope: str | None = None) -> bytes:
    """
    Return the form body that asks for a token, in the field order of most Camunda clients.

    `credentials` are the fields that say who asks: an id and a secret, or whatever else the server was told to expect.
    """
    named = {"audience": audience, "scope": scope}
    wanted = {name: value for name, value in named.items() if value}
    return urlencode({"grant_type": CLIENT_CREDENTIALS, **credentials, **wanted}).encode()


def read_request(content_type: str, authorization: str | None, body: bytes) -> TokenRequest | Malformed:
    """
    Read a token request from the two headers that matter and the body (at most `BODY_LIMIT` bytes, checked before).
    """
    try:
        fields = _fields(content_type, body)
        _check_grant(fields)
        client_id, secret, used_basic = _credentials(fields, authorization)
    except _Unreadable as unreadable:
        return unreadable.malformed
    return TokenRequest(client_id, SecretText(secret), fields.get("audience") or None, used_basic)


def claimed_client(content_type: str, authorization: str | None, body: bytes) -> str | None:
    """
    Return the client id that a request claims, however broken it is otherwise; only for telling the operator.
    """
    try:
        if authorization:
            return _basic(authorization)[0]
        return _fields(content_type, body).get("client_id")
    except _Unreadable:
        return None


def _fields(content_type: str, body: bytes) -> dict[str, str]:
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    charset = parameters.lower().replace(" ", "").partition("charset=")[2].strip('"')
    if charset and charset not in ("utf-8", "utf8"):
        raise _Unreadable("The body must be UTF-8.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise _Unreadable("The body is not UTF-8.") from None
    if kind == JSON:
        pairs = _json_pairs(text)
    elif kind in (FORM, ""):
        pairs = _form_pairs(text)
    else:
        raise _Unreadable(f"The content type must be {FORM} or {JSON}.")
    return _unique(pairs)


def _form_pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=FIELD_LIMIT
        )
    except ValueError:
        raise _Unreadable("The body is no form (application/x-www-form-urlencoded).") from None


def _json_pairs(text: str) -> list[tuple[str, str]]:
    # Pairs are kept as a list: a plain dict would let the last of two equal names win.
    try:
        pairs: Any = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raise _Unreadable("The body is no JSON object.") from None
    if not isinstance(pairs, _Pairs):
        raise _Unreadable("The body is no JSON object.")
    kept = [(name, value) for name, value in pairs if value is not None]
    for name, value in kept:
        if name in _TEXT_FIELDS and not isinstance(value, str):
            raise _Unreadable(f"The value of {name} must be a string.")
    return [(name, value if isinstance(value, str) else "") for name, value in kept]


class _Pairs(list[tuple[str, Any]]):
    """
    The names and values of a JSON object, in order and with repetitions.
    """


_TEXT_FIELDS = frozenset({"grant_type", "client_id", "client_secret", "audience", "scope", "resource"})


def _unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    if len(pairs) > FIELD_LIMIT:
        raise _Unreadable("The request has too many fields.")
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise _Unreadable("A parameter is repeated.")  # RFC 6749 section 3.2
        if len(value) > VALUE_LIMIT or "\0" in value:
            raise _Unreadable("A parameter's value is not acceptable.")
        fields[name] = value
    return fields


def _check_grant(fields: dict[str, str]) -> None:
    grant = fields.get("grant_type", CLIENT_CREDENTIALS)
    if grant != CLIENT_CREDENTIALS:
        raise _Unreadable(f"The only grant is {CLIENT_CREDENTIALS}.", "unsupported_grant_type")


def _credentials(fields: dict[str, str], authorization: str | None) -> tuple[str, str, bool]:
    client_id, secret = fields.get("client_id", ""), fields.get("client_secret", "")
    if authorization is None:
        if not client_id or not secret:
            raise _Unreadable("client_id and client_secret are required.")
        return client_id, secret, False
    if secret:
        raise _Unreadable("Credentials stand in the header and in the body: use one.")  # RFC 6749 section 2.3
    basic_id, basic_secret = _basic(authorization)
    if client_id not in ("", basic_id):
        raise _Unreadable("The header and the body name different clients.")
    return basic_id, basic_secret, True


def _basic(authorization: str) -> tuple[str, str]:
    """
    Return id and secret of HTTP Basic (RFC 7617), percent-decoded (RFC 6749 section 2.3.1).

    pyzeebe does not encode; ids and secrets have no character that decoding would change, so both ways read the same.
    """
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise _Unreadable("The Authorization header must be Basic.")
    try:
        text = base64.b64decode(encoded.strip(" "), validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        raise _Unreadable("The Basic credentials are not base64.") from None
    client_id, colon, secret = text.partition(":")
    if not colon or not client_id or not secret:
        raise _Unreadable("The Basic credentials need an id, a colon and a secret.")
    return unquote_plus(client_id), unquote_plus(secret)
