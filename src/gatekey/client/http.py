"""One HTTP request and one HTTP answer as values, whichever library carries them."""

import math
import re
from dataclasses import dataclass

HttpHeaders = tuple[tuple[str, str], ...]
"""Names and values in the order of the message; names may stand in any case (RFC 9110 section 5.1)."""

DELTA_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
"""RFC 9110 section 10.2.3 has whole seconds; servers that send fractions mean what they say."""


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """What is to be sent. Its `repr` shows neither headers nor body: they carry secrets and tokens."""

    method: str
    url: str
    headers: HttpHeaders = ()
    body: bytes = b""

    def __repr__(self) -> str:
        return f"HttpRequest({self.method} {shown(self.url)}, {len(self.body)} bytes)"


@dataclass(frozen=True, slots=True, repr=False)
class HttpResponse:
    """What came back, with any status. Its `repr` shows neither headers nor body: they carry secrets and tokens."""

    status: int
    headers: HttpHeaders = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of the header `name`, in whichever case it stands; None where it is missing."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def __repr__(self) -> str:
        return f"HttpResponse({self.status}, {len(self.body)} bytes)"


def shown(url: str) -> str:
    """Return the part of a URL that may be printed: without user, password, query and fragment."""
    return re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0])


def sent_at(response: HttpResponse) -> float | None:
    """Return the server's time in Unix seconds from the `Date` header; None where it is missing or unreadable."""
    return _seconds_of_date(response.header("Date"))


def retry_after(response: HttpResponse) -> float | None:
    """
    Return the seconds, at least 0, that `Retry-After` asks to wait (RFC 9110 section 10.2.3); None without one.

    A date is measured against the answer's own `Date`, so that a wrong clock on this machine does not matter.
    """
    value = (response.header("Retry-After") or "").strip()
    if DELTA_SECONDS.fullmatch(value):
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    until, now = _seconds_of_date(value), sent_at(response)
    return None if until is None or now is None else max(0.0, until - now)


def _seconds_of_date(text: str | None) -> float | None:
    """Read an HTTP date (RFC 9110 section 5.6.7); one without a zone is meant in UTC."""
    from datetime import UTC  # this line and the next: half the import time of a client that never needs them
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=date.tzinfo or UTC).timestamp()
