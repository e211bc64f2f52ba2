"""
Token requests of the client credentials grant (RFC 6749 section 4.4), read from and written to bytes.

Lenient where real clients need it: `grant_type` may be missing (old pyzeebe), `scope=` may be empty (zbctl), `audience`
may be missing. Strict everywhere else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from gatekey.oauth.client_authentication import Credential, read_credential
from gatekey.oauth.fields import RESOURCE, Fields, Malformed, UnreadableError, read_fields

CLIENT_CREDENTIALS = "client_credentials"

SCOPE_WORD = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749 section 3.3."""

SCOPE_LIMIT = 32
"""Words in `scope`; there are five scopes."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """
    A well-formed token request; who sent it is not yet known to be true.

    `audience` is what Auth0 and Camunda call it, `resources` its standard twin (RFC 8707); `scopes` are words.
    """

    credential: Credential
    audience: str | None = None
    resources: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


def encode_request(credentials: Mapping[str, str], audience: str | None, scope: str | None = None) -> bytes:
    """
    Return the form body that asks for a token, in the field order of most Camunda clients.

    `credentials` are the fields that say who asks: an id and a secret, or whatever else the server was told to expect.
    """
    named = {"audience": audience, "scope": scope}
    wanted = {name: value for name, value in named.items() if value}
    return urlencode({"grant_type": CLIENT_CREDENTIALS, **credentials, **wanted}).encode()


def read_request(content_type: str, authorization: str | None, body: bytes) -> TokenRequest | Malformed:
    """Read a token request from the two headers that matter and the body."""
    try:
        fields = read_fields(content_type, body)
        _check_grant(fields)
        credential = read_credential(fields, authorization)
        return TokenRequest(credential, fields.get("audience") or None, _resources(fields), _scopes(fields))
    except UnreadableError as unreadable:
        return unreadable.malformed


def _check_grant(fields: Fields) -> None:
    if fields.get("grant_type", CLIENT_CREDENTIALS) != CLIENT_CREDENTIALS:
        raise UnreadableError(f"The only grant is {CLIENT_CREDENTIALS}.", "unsupported_grant_type")


def _resources(fields: Fields) -> tuple[str, ...]:
    resources = tuple(fields[RESOURCE].split(" ")) if fields.get(RESOURCE) else ()
    for resource in resources:
        _check_resource(resource)
    return resources


def _check_resource(resource: str) -> None:
    try:
        parts = urlsplit(resource)
    except ValueError:
        raise UnreadableError("The resource is no URI.", "invalid_target") from None
    if not parts.scheme or "#" in resource:
        # RFC 8707 section 2: an absolute URI without a fragment.
        raise UnreadableError("The resource must be an absolute URI without a fragment.", "invalid_target")


def _scopes(fields: Fields) -> tuple[str, ...]:
    scope = fields.get("scope")
    if scope is None:
        return ()
    given = tuple(word for word in scope.split(" ") if word)
    if len(given) > SCOPE_LIMIT or not all(SCOPE_WORD.fullmatch(word) for word in given):
        raise UnreadableError("The scope is not acceptable.", "invalid_scope")
    return given
