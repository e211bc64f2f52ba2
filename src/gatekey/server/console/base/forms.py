"""Form bodies: urlencoded, small, well-formed."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from gatekey.server.console.base.refusals import MALFORMED, NO_FORM, TOO_LARGE, Refusal

BODY_LIMIT = 16 * 1024
"""Bytes; the largest form, the one of the download, has under 1 KiB."""

FIELD_LIMIT = 32
"""The largest form has under ten fields."""

FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """The fields of a form; it has no repr because one of them may be a secret."""

    fields: tuple[tuple[str, str], ...] = ()

    def text(self, name: str) -> str:
        """Return the value of a field that stands once; empty when it is missing or stands more than once."""
        values = self.all(name)
        return values[0] if len(values) == 1 else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a field, as check boxes send them."""
        return tuple(value for key, value in self.fields if key == name)


def parse(content_type: str, body: bytes) -> Form | Refusal:
    """Return the form in a body of at most `BODY_LIMIT` bytes (WHATWG URL, application/x-www-form-urlencoded)."""
    if content_type.partition(";")[0].strip().lower() != FORM_TYPE:
        return NO_FORM
    try:
        text = body.decode("ascii")
        return Form(tuple(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELD_LIMIT)))
    except ValueError:
        return MALFORMED


async def read(request: Request) -> Form | Refusal:
    """Return the request's form, reading no more than `BODY_LIMIT` bytes of it."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_LIMIT:
                return TOO_LARGE
    except ClientDisconnect:
        return MALFORMED
    return parse(request.headers.get("content-type", ""), body)
