"""Times in the database: UTC seconds since 1970."""

from datetime import UTC, datetime


def to_seconds(at: datetime) -> float:
    """Return the seconds of an aware time."""
    return at.timestamp()


def to_time(seconds: float) -> datetime:
    """Return the aware UTC time of stored seconds."""
    return datetime.fromtimestamp(seconds, UTC)
