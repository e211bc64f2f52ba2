"""The web origins whose pages may call the guarded APIs (CORS)."""

import re
from collections.abc import Iterable

EVERY = "*"
"""Every origin; the Fetch standard forbids cookies then, and the APIs take none."""

_ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
"""As browsers write it into the header Origin (RFC 6454 section 6.2): in small letters, without a path."""


def read_origins(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the origins. Raises ValueError whose words name every fault."""
    origins = tuple(text.lower() for text in texts)
    faults = [f"{each} is no origin, such as https://app.example.org" for each in origins if not _is_origin(each)]
    if faults:
        raise ValueError("; ".join(faults))
    return origins


def _is_origin(text: str) -> bool:
    return text == EVERY or _ORIGIN.fullmatch(text) is not None
