"""ISO 8601 durations and dates, as timers of models have them. Pure."""

import re
from datetime import UTC, datetime

DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}

LONGEST = 100 * 365 * 86_400 * 1_000
"""Milliseconds; a century."""


def due_at(text: object, now: int, *, is_date: bool) -> int:
    """Return when a timer fires, in milliseconds since 1970. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"a timer needs a text, not {type(text).__name__}")  # noqa: TRY004 - a fault of the model
    if is_date:
        date = datetime.fromisoformat(text)
        return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() * 1_000)
    match = DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is no duration such as PT30S")
    length = sum(float(match[name] or 0) * size for name, size in SECONDS.items()) * 1_000
    if length > LONGEST:
        raise ValueError(f"a timer of {text[:50]} is longer than a century")
    return now + int(length)
