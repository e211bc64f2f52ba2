"""The time as the whole service tells it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time as the whole service tells it."""
    return datetime.now(UTC)
