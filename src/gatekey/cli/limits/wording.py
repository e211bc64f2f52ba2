"""Times, counts and plots as a person reads them on a terminal."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gatekey.server.traffic.explaining import AddressExplained, AddressLine, Asker, Point, Tally

BARS = " ▁▂▃▄▅▆▇█"


def minutes_of(period: timedelta) -> int:
    """Return a period in whole minutes, one at least. Raises `click.UsageError` for none at all."""
    if period <= timedelta(0):
        raise click.UsageError("--last is longer than nothing.")
    return max(1, round(period.total_seconds() / 60))


def local(seconds: float) -> str:
    """Return a moment in the terminal's time zone: `2027-01-31 14:05 CET`."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d %H:%M %Z}"


def local_second(seconds: float) -> str:
    """Return a time of day in the terminal's time zone: `14:05:09 CET`."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%H:%M:%S %Z}"


def ago(minute: int, now: float) -> str:
    """Return how long ago a minute since 1970 was."""
    from gatekey.server.traffic.wording import ago as minutes_ago

    return minutes_ago(minute, now)


def state(explained: "AddressLine | AddressExplained", now: float) -> str:
    """Return `free`, `limited`, or for how much longer it is blocked."""
    from gatekey.server.traffic.wording import lasting

    if explained.blocked_until is None:
        return explained.state.value
    return f"blocked, {lasting(explained.blocked_until - now)} left"


def who(asker: "Asker") -> str:
    """Return a client by its name, or as it called itself."""
    from gatekey.server.traffic.history import Standing

    if asker.client is not None:
        return asker.client.name
    return asker.client_id if asker.standing is Standing.UNKNOWN else f"({asker.standing.value})"


def outcomes(asker: "Asker") -> str:
    """Return every outcome with its number."""
    return ", ".join(f"{number} {outcome.value}" for outcome, number in asker.outcomes)


def tallied(tally: "Tally") -> str:
    """Return a tally in one line."""
    from gatekey.server.traffic.wording import many

    parts = (
        ("granted", tally.granted),
        ("faulty", tally.faulty),
        ("over the limit", tally.limited),
        ("while blocked", tally.blocked),
        ("failed by our fault", tally.failed),
    )
    said = ", ".join(f"{number:,} {word}" for word, number in parts if number)
    spared = f"; {tally.spared:,} would have been refused" if tally.spared else ""
    return f"{many(tally.requests, 'request')}{': ' if said else ''}{said}{spared}"


def sparkline(points: "Sequence[Point]") -> str:
    """Return requests over time as a line of bars, the last point at the right."""
    highest = max((point.tally.requests for point in points), default=0) or 1
    return "".join(BARS[-(-point.tally.requests * (len(BARS) - 1) // highest)] for point in points)
