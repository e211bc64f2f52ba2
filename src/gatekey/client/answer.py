"""
The token endpoint's answer (RFC 6749 section 5), read: a token, or why there is none.

Takes what OAuth servers really send: `expires_in` as text or missing, no `token_type`, a `scope` list, an error inside
a 200. Refuses whatever could not be put into an Authorization header.
"""

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatekey.client.failures import HINTS, Failure, FailureKind
from gatekey.client.http import HttpResponse, retry_after, sent_at
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import BEARER

ASSUMED_LIFETIME = 300
"""Seconds, where neither the answer nor the token tells: what Camunda's MCP client assumes too."""

LONGEST_LIFETIME = 10 * 366 * 86_400
"""Seconds; no server means more, and larger numbers would overflow dates."""

ASSUMED_RETRY_AFTER = 1.0
"""Seconds to wait after a 429 that names none: Camunda's token service documents about one request per second."""

VISIBLE = re.compile(r"[\x21-\x7e]+")
"""Tokens are visible ASCII (RFC 6749 appendix A.12); a blank or line break would break out of a header."""

UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")

LONGEST_WORDS = 300
"""Characters of a server's own words that are passed on; they end up in logs and terminals."""

REFUSING = frozenset({400, 401, 403})
"""The statuses with which a token endpoint says no for good (RFC 6749 section 5.2, and Auth0's 403)."""

REQUEST_TIMEOUT = 408

NO_SECRET = SecretText("")

LIMITED = "The token endpoint limits this address"
NO_REASON = "it gave no reason"


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A granted token; `expires_in` in seconds since the answer was sent, `scope` as in RFC 6749 section 3.3."""

    access_token: SecretText
    expires_in: int
    scope: str = ""


def read_answer(response: HttpResponse, secret: SecretText = NO_SECRET) -> TokenAnswer | Failure:
    """Return the token of an answer, or what its failure means; the client's `secret` is taken out of its words."""
    match response.status:
        case 200:
            return _read_success(response, secret)
        case 429:
            asked = retry_after(response)
            asked = ASSUMED_RETRY_AFTER if asked is None else asked
            return Failure(FailureKind.LIMITED, LIMITED, HINTS[429], 429, retry_after=asked)
        case status if status in REFUSING:
            return _refusal(response, secret) or Failure(
                FailureKind.REFUSED, hint=HINTS[status], status=status, error="unauthorized", description=NO_REASON
            )
        case status if status >= 500 or status == REQUEST_TIMEOUT:  # noqa: PLR2004 - RFC 9110 section 15.6: server errors
            message = f"The token endpoint answered {status}"
            return Failure(FailureKind.UNAVAILABLE, message, HINTS[503], retry_after=retry_after(response))
        case status:
            return _malformed(f"The token URL answered {status}, which no token endpoint does.", status)


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


def _malformed(message: str, status: int) -> Failure:
    return Failure(FailureKind.MALFORMED, message, HINTS[404], status)


def _refusal(response: HttpResponse, secret: SecretText) -> Failure | None:
    """Return the refusal that a body carries, in printable words; None where it carries none."""
    fields = _read_object(response.body)
    error = fields.get("error") if fields else None
    if fields is None or not isinstance(error, str) or not error:
        return None
    told, hidden = fields.get("error_description"), secret.reveal()
    description = _words(told if isinstance(told, str) else "") or NO_REASON
    return Failure(
        FailureKind.REFUSED,
        hint=HINTS.get(response.status, HINTS[400]),
        status=response.status,
        error=_words(error),
        description=description.replace(hidden, "…") if hidden else description,
    )


def _read_success(response: HttpResponse, secret: SecretText) -> TokenAnswer | Failure:
    fields = _read_object(response.body)
    if fields is None:
        return _malformed("The token URL answered 200 with something that is no JSON object.", 200)
    token = fields.get("access_token")
    if token is None and (refusal := _refusal(response, secret)):
        return refusal
    if not isinstance(token, str) or not VISIBLE.fullmatch(token):
        return _malformed("The token endpoint's answer holds no usable access_token.", 200)
    kind = fields.get("token_type", BEARER)
    if not isinstance(kind, str) or kind.lower() != BEARER.lower():
        # RFC 6749 section 7.1: a client must not use a token whose type it does not understand.
        return Failure(FailureKind.MALFORMED, "The token endpoint granted a token that is no Bearer token.", status=200)
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
