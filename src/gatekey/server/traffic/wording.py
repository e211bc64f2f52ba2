"""Numbers and lengths of time as people say them."""

MINUTE, HOUR, DAY = 60, 3_600, 86_400
"""Seconds."""


def lasting(seconds: float) -> str:
    """Return a length of time in its one or two largest units: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    whole = max(0, round(seconds))
    if whole < 2 * MINUTE:
        return f"{whole} s"
    minutes = round(whole / MINUTE)
    if minutes < 2 * MINUTE:
        return f"{minutes} min"
    if whole < 2 * DAY:
        return _two(minutes // MINUTE, "h", minutes % MINUTE, "min")
    hours = round(whole / HOUR)
    return _two(hours // 24, "d", hours % 24, "h")


def ago(minute: int, now: float) -> str:
    """Return how long before `now` (seconds) a minute was, both since 1970; no more exactly than it is known."""
    past = int(now // MINUTE) - minute
    if past < 1:
        return "this minute"
    return f"{past} min ago" if past < HOUR // MINUTE * 2 else f"{lasting(past * MINUTE)} ago"


def many(number: int, thing: str) -> str:
    """Return `1 request`, `1,234 requests`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _two(large: int, unit: str, small: int, lesser: str) -> str:
    return f"{large} {unit} {small} {lesser}" if small else f"{large} {unit}"
