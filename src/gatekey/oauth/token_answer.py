"""The token endpoint's answer (RFC 6749 section 5) as the service writes it; `gatekey.client.answer` reads it."""

import json
import re
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted

from gatekey.oauth.vocabulary import BEARER

FORBIDDEN_IN_DESCRIPTION = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""RFC 6749 section 5.2: no quotation mark, no backslash, nothing outside ASCII."""

_encode = json.JSONEncoder(separators=(",", ":")).encode
"""One encoder for all: `json.dumps` would build a new one for each answer."""

REMEMBERED_ERRORS = 128
"""Bodies; a service has about forty, without any word of a request, and sends them again and again."""


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
    return _encode({"error": error, "error_description": describe(description)}).encode("ascii")


def describe(words: str) -> str:
    """Return words as an `error_description` may have them."""
    return FORBIDDEN_IN_DESCRIPTION.sub("?", words.replace('"', "'"))
