"""Lengths of time and moments, as people type them."""

import re
from datetime import UTC, datetime, timedelta

import click

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
"""Seconds."""

WRITTEN = re.compile(r"(\d{1,9})([smhd])|0")


def read_duration(text: str) -> timedelta | None:
    """Return what `7d`, `24h`, `30m`, `90s` or `0` stand for; None for anything else."""
    found = WRITTEN.fullmatch(text)
    if found is None:
        return None
    return timedelta(seconds=int(found[1]) * UNITS[found[2]]) if found[1] else timedelta(0)


def span(seconds: float) -> str:
    """Return a length of time as options take it, in its largest units: `90 s`, `12 h`, `2 d 4 h`."""
    left, parts = round(seconds), []
    for unit, size in reversed(UNITS.items()):
        if left >= size:
            parts.append(f"{left // size} {'min' if unit == 'm' else unit}")
            left %= size
    return " ".join(parts[:2]) or "0 s"


def duration(_context: click.Context, _option: click.Parameter, value: str | None) -> timedelta | None:
    """Return the length of time that an option was given, as click's callback. Raises `click.BadParameter`."""
    if value is None:
        return None
    found = read_duration(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is no length of time such as 7d, 24h, 30m or 90s.")
    return found


def lifetime(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """Return the seconds of a length of time; a number alone is seconds, as it was before 0.2."""
    if value is not None and value.isascii() and value.isdigit():
        return int(value)
    found = duration(context, option, value)
    return None if found is None else round(found.total_seconds())


def moment(_context: click.Context, _option: click.Parameter, value: str | None) -> datetime | None:
    """
    Return the moment (UTC) of a date, a date with time, or a length of time
    from now. Raises `click.BadParameter`.
    """
    if value is None:
        return None
    try:
        ahead = read_duration(value)
        if ahead is not None:
            return datetime.now(UTC) + ahead
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{value!r} is neither a date such as 2027-01-31 nor a length of time such as 90d."
        ) from None
