"""
The token endpoint's answer (RFC 6749 section 5), written by the service and read by the client software.

Writing is strict. Reading takes what OAuth servers really send: `expires_in` as text or missing, no `token_type`, a
`scope` list, an error inside a 200; and refuses whatever could not be put into an Authorization header.
"""

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from gatekey.errors import MalformedResponse, RateLimited, TokenRefused, TokenUnavailable
from gatekey.oauth.http import HttpResponse, retry_after, sent_at
from gatekey.oauth.secret_text import SecretText

BEARER = "Bearer"

ASSUMED_LIFETIME = 300
"""Seconds, where neither the answer nor the token tells: what Camunda's MCP client assumes too."""

LONGEST_LIFETIME = 10 * 366 * 86_400
"""Seconds; no server means more, and larger numbers would overflow dates."""

ASSUMED_RETRY_AFTER = 1.0
"""Seconds to wait after a 429 that names none: Camunda's token service documents about one request per second."""

VISIBLE = re.compile(r"[\x21-\x7e]+")
"""Tokens are visible ASCII (RFC 6749 appendix A.12); a blank or line break would break out of a header."""

UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
FORBIDDEN_IN_DESCRIPTION = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""RFC 6749 section 5.2: no quotation mark, no backslash, nothing outside ASCII."""

_encode = json.JSONEncoder(separators=(",", ":")).encode
"""One encoder for all: `json.dumps` would build a new one for each answer."""

REMEMBERED_ERRORS = 128
"""Bodies; a service has about forty, without any word of a request, and sends them again and again."""

LONGEST_WORDS = 300
"""Characters of a server's own words that are passed on; they end up in logs and terminals."""

REFUSING = frozenset({400, 401, 403})
"""The statuses with which a token endpoint says no for good (RFC 6749 section 5.2, and Auth0's 403)."""

REQUEST_TIMEOUT = 408

HINTS: Mapping[int, str] = {
    400: "Check the audience and the other values of the credentials file.",
    401: "Id and secret do not belong together, or the client was deleted: create a new client or use its file.",
    403: "The client lacks the scope for this audience: create a client that has it.",
    404: "Check the token URL (CAMUNDA_OAUTH_URL, ZEEBE_AUTHORIZATION_SERVER_URL); Camunda's ends in /oauth/token.",
    429: "All requests from this address count: look for programs that ask too often or for a deleted client.",
    503: "Nothing is wrong with your credentials; try again later or ask the operator of the token service.",
}
"""What to do, by status."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """
    A granted token; `expires_in` is in seconds from the sending of the
    answer, `scope` as in RFC 6749 section 3.3.
    """

    access_token: SecretText
    expires_in: int
    scope: str = ""
    token_type: str = BEARER


@dataclass(frozen=True, slots=True)
class OAuthError:
    """A refusal in the server's words: `error` is the code of RFC 6749 section 5.2, `description` is for people."""

    error: str
    description: str = ""


def encode_success(access_token: str, expires_in: int, scope: str) -> bytes:
    """
    Return the JSON body of a 200 answer; `expires_in` is a whole number of seconds, as Camunda's clients demand.

    Put together by hand, in half the time of an encoder: the service writes one for every token.
    """
    token, granted = quoted(access_token), quoted(scope)
    text = f'{{"access_token":{token},"scope":{granted},"expires_in":{expires_in:d},"token_type":"{BEARER}"}}'
    return text.encode("ascii")


@lru_cache(REMEMBERED_ERRORS)
def encode_error(error: str, description: str) -> bytes:
    """Return the JSON body of an error answer; characters that RFC 6749 forbids in a description are replaced."""
    return _json({"error": error, "error_description": describe(description)})


def describe(words: str) -> str:
    """Return words as an `error_description` may have them."""
    return FORBIDDEN_IN_DESCRIPTION.sub("?", words.replace('"', "'"))


def read_answer(response: HttpResponse, attempts: int = 1) -> TokenAnswer:
    """
    Return the token of an answer; `attempts` counts the requests so far and is only reported.

    Raises `TokenRefused` (400, 401, 403, or an error inside a 200), `RateLimited` (429), `TokenUnavailable` (408, 5xx)
    and `MalformedResponse` (anything that no token endpoint answers). No error carries the body.
    """
    match response.status:
        case 200:
            return _read_success(response)
        case 429:
            asked = retry_after(response)
            raise RateLimited(ASSUMED_RETRY_AFTER if asked is None else asked, hint=HINTS[429])
        case status if status in REFUSING:
            told = read_error(response) or OAuthError("unauthorized", "it gave no reason")
            raise TokenRefused(told.error, told.description or "it gave no reason", status, hint=HINTS[status])
        case status if status >= 500 or status == REQUEST_TIMEOUT:  # noqa: PLR2004 - RFC 9110 section 15.6: server errors
            raise TokenUnavailable(f"The token endpoint answered {status}", attempts, hint=HINTS[503])
        case status:
            raise MalformedResponse(
                f"The token URL answered {status}, which no token endpoint does.", status, hint=HINTS[404]
            )


def read_error(response: HttpResponse) -> OAuthError | None:
    """Return the OAuth error that a body carries, cut to printable words; None where there is none."""
    fields = _read_object(response.body)
    error = fields.get("error") if fields else None
    if fields is None or not isinstance(error, str) or not error:
        return None
    description = fields.get("error_description")
    return OAuthError(_words(error), _words(description) if isinstance(description, str) else "")


def read_claims(access_token: SecretText) -> Mapping[str, Any] | None:
    """
    Return what a JWT claims, **without checking its signature**; None for an opaque token.

    The token is the caller's own, fresh from its issuer: the claims may be shown and compared, never trusted.
    """
    parts = access_token.reveal().split(".")
    if len(parts) != 3:  # noqa: PLR2004 - RFC 7515 section 3.1: header, payload, signature
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
    except ValueError:
        return None
    return _read_object(payload)


def _read_success(response: HttpResponse) -> TokenAnswer:
    fields = _read_object(response.body)
    if fields is None:
        raise MalformedResponse(
            "The token URL answered 200 with something that is no JSON object.", 200, hint=HINTS[404]
        )
    token = fields.get("access_token")
    if token is None and (told := read_error(response)):
        raise TokenRefused(told.error, told.description or "it gave no reason", 200, hint=HINTS[400])
    if not isinstance(token, str) or not VISIBLE.fullmatch(token):
        raise MalformedResponse("The token endpoint's answer holds no usable access_token.", 200, hint=HINTS[404])
    kind = fields.get("token_type", BEARER)
    if not isinstance(kind, str) or kind.lower() != BEARER.lower():
        # RFC 6749 section 7.1: a client must not use a token whose type it does not understand.
        raise MalformedResponse("The token endpoint granted a token that is no Bearer token.", 200)
    access_token = SecretText(token)
    return TokenAnswer(access_token, _lifetime(fields, access_token, response), _scope(fields.get("scope")))


def _lifetime(fields: Mapping[str, Any], access_token: SecretText, response: HttpResponse) -> int:
    """
    Return the shorter of `expires_in` and what is left until the token's `exp`, by the server's clock and not by ours.

    They disagree where a cache in between repeats an old answer. A token that ended before it was sent says that one of
    the server's clocks is wrong: then `expires_in` counts alone.
    """
    told = _number(fields.get("expires_in"))
    claims = read_claims(access_token) or {}
    end, start = _number(claims.get("exp")), sent_at(response) or _number(claims.get("iat"))
    left = end - start if end is not None and start is not None else None
    if told is None:
        told = ASSUMED_LIFETIME if left is None else left
    elif left is not None and left > 0:
        told = min(told, left)
    return int(min(max(told, 0), LONGEST_LIFETIME))


def _number(value: object) -> float | None:
    """Read a number that may stand as text; None for anything else, infinities included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _scope(value: object) -> str:
    """Return the scope's words; Keycloak and RFC 6749 send text, others a list, many nothing."""
    if isinstance(value, list):
        value = " ".join(word for word in value if isinstance(word, str))
    return value if isinstance(value, str) else ""


def _read_object(text: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # a body of a thousand brackets is no answer either
        return None
    return value if isinstance(value, dict) else None


def _words(text: str) -> str:
    """Keep a server's words from steering the terminal or filling the log."""
    return UNPRINTABLE.sub("?", text)[:LONGEST_WORDS]


def _json(fields: Mapping[str, object]) -> bytes:
    return _encode(fields).encode("ascii")
