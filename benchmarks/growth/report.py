"""
The page and the picture. Pure.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.growth.measuring import Measured

NEXT_SECONDS = 0.005
START_SECONDS = 1.5
MEMORY_BYTES = 150e6
LEAST_RATE = 0.95
"""The goals: the next token after a change, a start, the process's memory, and the rate beside that with one."""

HEADER = (
    "| {what} | start, s | its CPU, s | memory, MB | next token after a change, ms | slowest within 0.5 s, ms "
    "| tokens per CPU-s, one client asks | up to 1,000 in turn |\n|---:|---:|---:|---:|---:|---:|---:|---:|"
)

Rows = Mapping[int, Measured]


@dataclass(frozen=True, slots=True)
class Series:
    """
    What was measured while one amount grew.
    """

    what: str
    rows: Rows


def table(series: Series) -> str:
    """
    Return a table of Markdown, one row an amount.
    """
    return "\n".join(
        [
            HEADER.format(what=series.what),
            *(
                f"| {amount:,} | {row.start:.2f} | {row.start_cpu:.2f} | {row.memory / 1e6:.0f} | {1e3 * row.next:.1f} "
                f"| {1e3 * row.slowest:.1f} | {row.one:,.0f} | {row.many:,.0f} |"
                for amount, row in series.rows.items()
            ),
        ]
    )


def goals(clients: Rows) -> str:
    """
    Return what became of the goals, which speak of the most clients.
    """
    least, most = min(clients), max(clients)
    row = clients[most]
    judged = [
        ("next token after a change", f"{1e3 * row.next:.1f} ms", "≤ 5 ms", row.next <= NEXT_SECONDS),
        ("start, CPU time", f"{row.start_cpu:.2f} s", "≤ 1.5 s", row.start_cpu <= START_SECONDS),
        ("memory", f"{row.memory / 1e6:.0f} MB", "≤ 150 MB", row.memory <= MEMORY_BYTES),
        (
            f"tokens per CPU-second beside {least:,}",
            f"{row.one / clients[least].one:.2f}",
            "≥ 0.95",
            row.one >= LEAST_RATE * clients[least].one,
        ),
    ]
    return "\n".join(
        [
            f"| with {most:,} clients | measured | goal | |",
            "|---|---:|---:|---|",
            *(f"| {name} | {found} | {goal} | {'met' if met else 'NOT met'} |" for name, found, goal, met in judged),
        ]
    )


WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 800, 320, 70, 50, 40
FONT = 'font-family="system-ui, sans-serif" font-size="13" fill="#161616"'
COLOURS = ("#0f62fe", "#da1e28", "#198038", "#8a3ffc")
"""Blue 60, red 60, green 60 and purple 60 of the Carbon palette, which the console wears too."""


def picture(all_series: Sequence[Series]) -> str:
    """
    Return lines of the next token after a change over each amount; both axes are logarithmic.
    """
    lines = list(_axes())
    for index, series in enumerate(all_series):
        places = [(_x(max(1, amount)), _y(row.next)) for amount, row in series.rows.items()]
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in places)
        colour = COLOURS[index]
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{colour}"/>' for x, y in places]
        lines.append(f'<text x="{LEFT + 10 + 150 * index}" y="24" fill="{colour}">{series.what}</text>')
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {FONT}>',
            "<title>Milliseconds of the next token request after a change, over how many there are of each</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            *lines,
            "</svg>",
            "",
        ]
    )


def _axes() -> Iterator[str]:
    for power in range(7):
        x = _x(10**power)
        yield f'<line x1="{x:.0f}" y1="{TOP}" x2="{x:.0f}" y2="{HEIGHT - BOTTOM}" stroke="#e0e0e0"/>'
        yield f'<text x="{x:.0f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{10**power:,}</text>'
    for milliseconds in (0.1, 1, 10, 100, 1000, 10_000):
        y = _y(milliseconds / 1e3)
        yield f'<line x1="{LEFT}" y1="{y:.0f}" x2="{WIDTH - 20}" y2="{y:.0f}" stroke="#e0e0e0"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{milliseconds:g} ms</text>'


def _x(amount: float) -> float:
    return LEFT + (WIDTH - LEFT - 50) * math.log10(amount) / 6


def _y(seconds: float) -> float:
    share = (math.log10(max(seconds, 1e-4)) + 4) / 5
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * min(1.0, share)
