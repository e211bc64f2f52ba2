"""
The fields of a request to an OAuth endpoint, from form or JSON bytes.

Forms are the standard (RFC 6749 section 4.4.2); JSON is taken beside them because Camunda's own documentation and its
Administration API client send it. A repeated parameter is an error (RFC 6749 section 3.2), in JSON too.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

BODY_LIMIT = 16 * 1024
"""Bytes. The largest honest request, with a client assertion under an RSA-4096 key, has under 4 KiB."""

FIELD_LIMIT = 32
"""Fields in one request; RFC 6749 and its extensions know about ten."""

VALUE_LIMIT = 8 * 1024
"""Characters in one value."""

CONTENT_TYPES = 64
"""Headers whose meaning is remembered; all clients together send about five."""

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

PARAMETERS = {"grant_type", "audience", "resource", "scope", "token", "token_type_hint", "secret"} | {
    f"client_{word}" for word in ("id", "secret", "assertion", "assertion_type")
}
"""All that our endpoints look at. Any other is ignored, whatever it holds (RFC 6749 section 3.2)."""

RESOURCE = "resource"
"""The one parameter that may stand more than once."""

Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Malformed:
    """A request that cannot be read: `error` is the code of RFC 6749 section 5.2, `description` says what to mend."""

    error: str
    description: str


class UnreadableError(Exception):
    """Carries a `Malformed` out of the reading functions of `wire`; it never leaves the package."""

    def __init__(self, description: str, error: str = "invalid_request") -> None:
        super().__init__(description)
        self.malformed = Malformed(error, description)


def read_fields(content_type: str, body: bytes) -> Fields:
    """
    Return the fields of a body of at most `BODY_LIMIT` bytes (checked before). Raises `UnreadableError`.

    A byte-order mark before and line ends behind the text are passed over: editors and `echo` put them there.
    Repeated values of `resource` are joined by a space, which no URI has (RFC 8707 section 2).
    """
    kind = _kind(content_type)
    try:
        text = body.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UnreadableError("The body is not UTF-8.") from None
    if kind in {FORM, ""}:
        return _unique(_form_pairs(text))
    if kind == JSON:
        return _unique(_json_pairs(text))
    raise UnreadableError(f"The content type must be {FORM} or {JSON}.")


@lru_cache(CONTENT_TYPES)
def _kind(content_type: str) -> str:
    """
    Return a content type without its parameters, in lower case. Raises
    `UnreadableError` for any charset but UTF-8.
    """
    kind, _, parameters = content_type.partition(";")
    if not {"utf-8", "utf8"}.issuperset(_charsets(parameters)):
        raise UnreadableError("The body must be UTF-8.")
    return kind.strip().lower()


def _charsets(parameters: str) -> list[str]:
    pairs = [parameter.strip().partition("=") for parameter in parameters.lower().split(";")]
    return [value.strip(' "') for name, _, value in pairs if name.strip() == "charset"]


def _form_pairs(text: str) -> list[tuple[str, str]]:
    if "%" not in text and "+" not in text:
        return _plain_pairs(text)
    kept = "&".join(piece for piece in text.split("&") if piece)
    try:
        return parse_qsl(
            kept, keep_blank_values=True, strict_parsing=bool(kept), errors="strict", max_num_fields=FIELD_LIMIT
        )
    except ValueError:
        raise UnreadableError("The body is no form (application/x-www-form-urlencoded).") from None


def _plain_pairs(text: str) -> list[tuple[str, str]]:
    # Nothing to decode, as in nearly every token request: a third of the time of `parse_qsl`, with the same outcome.
    pieces = [piece.partition("=") for piece in text.split("&") if piece]
    pairs = [(name, value) for name, equals, value in pieces if equals]
    if len(pairs) < len(pieces):
        raise UnreadableError("The body is no form (application/x-www-form-urlencoded).")
    return pairs


class _Pairs(list[tuple[str, Any]]):
    """The names and values of a JSON object, in order and with repetitions: in a dict the last one would win."""


def _json_pairs(text: str) -> list[tuple[str, str]]:
    try:
        pairs: Any = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raise UnreadableError("The body is no JSON object.") from None
    if not isinstance(pairs, _Pairs):
        raise UnreadableError("The body is no JSON object.")
    given = [(name, value) for name, value in pairs if value is not None]
    if any(name in PARAMETERS and not isinstance(value, str) for name, value in given):
        raise UnreadableError("The value of a parameter must be a string.")
    texts = [(name, value if isinstance(value, str) else "") for name, value in given]
    try:
        "".join(part for pair in texts for part in pair).encode()
    except UnicodeEncodeError:  # JSON can spell half of a surrogate pair, a form cannot
        raise UnreadableError("A parameter is no Unicode text.") from None
    return texts


def _unique(pairs: list[tuple[str, str]]) -> Fields:
    if len(pairs) > FIELD_LIMIT:
        raise UnreadableError("The request has too many fields.")
    fields = dict(pairs)
    if len(fields) != len(pairs):
        resources = [value for name, value in pairs if name == RESOURCE]
        if len(fields) - (RESOURCE in fields) != len(pairs) - len(resources):
            raise UnreadableError("A parameter is repeated.")
        fields[RESOURCE] = " ".join(resources)
    check_values(fields.values())
    # RFC 6749 section 3.2: a parameter without a value counts as left out.
    return {name: value for name, value in fields.items() if value}


def check_values(values: Iterable[str]) -> None:
    """Refuse what no honest value has: NUL and enormous length."""
    for value in values:
        if len(value) > VALUE_LIMIT or "\0" in value:
            raise UnreadableError("A parameter's value is not acceptable.")
