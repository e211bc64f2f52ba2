"""Requests over time as a picture: where each bar stands. Pure; the template draws it as SVG, without a script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gatekey.server.traffic.explaining import Point, Tally

WIDTH, HEIGHT = 960, 240
"""Of the picture, in its own units; a page scales it to its width."""

LEFT, RIGHT, TOP, BOTTOM = 48, 8, 12, 28
"""Margins for the numbers at the left and the times below."""

LABELS = 8
"""Times below the bars; more would touch each other."""

STEPS = (5, 10, 30, 60, 180, 360, 1_440)
"""Minutes between two of them: round times of the day."""

GAP = 0.2
"""Of a bar's place: enough to see bars apart."""

LEAST = 1.5
"""Height of the smallest part: one blocked request among a thousand granted ones is worth seeing."""

KINDS: Final = ("granted", "faulty", "limited", "blocked", "failed")
"""From the bottom up: what went well carries the rest."""

WORDS: Final = {
    "granted": "granted",
    "faulty": "faulty",
    "limited": "over the limit",
    "blocked": "while blocked",
    "failed": "failed by our fault",
}


@dataclass(frozen=True, slots=True)
class Part:
    """The requests of one kind within a bar."""

    kind: str
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What happened within one point's time; `title` is said when it is pointed at."""

    left: float
    width: float
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A number at the left or a time below."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table that says the same as the picture."""

    time: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Plot:
    """A whole picture, and the same as lines of a table, newest first, without the times when nothing happened."""

    bars: tuple[Bar, ...]
    levels: tuple[Mark, ...]
    times: tuple[Mark, ...]
    lines: tuple[Line, ...]
    summary: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM


def plot(points: Sequence[Point], span: int) -> Plot:
    """Return the picture of points that stand for `span` minutes each."""
    most = max((point.tally.requests for point in points), default=0)
    ceiling = _ceiling(most)
    place = (WIDTH - LEFT - RIGHT) / max(1, len(points))
    bars = tuple(
        Bar(
            round(LEFT + place * (number + GAP / 2), 2),
            round(place * (1 - GAP), 2),
            f"{_time(point.minute)} UTC: {_said(point.tally)}",
            _parts(point.tally, ceiling),
        )
        for number, point in enumerate(points)
        if point.tally.requests
    )
    levels = tuple(
        Mark(round(_height(level, ceiling), 2), f"{level:,}") for level in sorted({0, ceiling // 2, ceiling})
    )
    step = next(step for step in STEPS if len(points) * span <= LABELS * step or step == STEPS[-1])
    times = tuple(
        Mark(round(LEFT + place * (number + 0.5), 2), _time(point.minute))
        for number, point in enumerate(points)
        if point.minute % step == 0
    )
    lines = tuple(Line(f"{_day(p.minute)}{_time(p.minute)}", p.tally) for p in reversed(points) if p.tally.requests)
    width = "a minute" if span == 1 else f"{span} minutes"
    return Plot(bars, levels, times, lines, f"At most {most:,} requests within {width}.")


def _parts(tally: Tally, ceiling: int) -> tuple[Part, ...]:
    parts, floor = [], float(HEIGHT - BOTTOM)
    for kind in KINDS:
        number = getattr(tally, kind)
        if number:
            height = max(LEAST, (HEIGHT - TOP - BOTTOM) * number / ceiling)
            floor -= height
            parts.append(Part(kind, round(floor, 2), round(height, 2)))
    return tuple(parts)


def _height(level: int, ceiling: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * level / ceiling


def _ceiling(most: int) -> int:
    """Return the round number, twice a round number too, at or above the highest bar."""
    scale = 1
    while True:
        for first in (2, 4, 6, 8, 10, 12, 16):
            if first * scale >= most:
                return first * scale
        scale *= 10


def _said(tally: Tally) -> str:
    return ", ".join(f"{number:,} {WORDS[kind]}" for kind in KINDS if (number := getattr(tally, kind)))


def _time(minute: int) -> str:
    return f"{datetime.fromtimestamp(minute * 60, UTC):%H:%M}"


def _day(minute: int) -> str:
    when = datetime.fromtimestamp(minute * 60, UTC)
    return f"{when.day} {when:%b}, "
