"""
The picture: a bar for each server, in SVG. Pure.
"""

from collections.abc import Iterator
from html import escape

from benchmarks.token_endpoint.report import bare, number, signature
from benchmarks.token_endpoint.results import Measured, Results
from benchmarks.token_endpoint.rows import Row, Service

WIDTH, LABEL, SCALE = 800, 170, 410
"""Pixels: the picture, its left column, the longest bar; the rest is for the figures."""

BAR, STEP, TOP = 18, 26, 44
FONT = 'font-family="system-ui, sans-serif" font-size="13" fill="#161616"'
OURS, THEIRS, LIMIT = "#0f62fe", "#8d8d8d", "#da1e28"
"""Blue 60, gray 50 and red 60 of the Carbon palette, which the console wears too."""


def picture(results: Results) -> str:
    """
    Return one panel for each kind of signature, each with its own scale.
    """
    lines: list[str] = []
    height = 0
    for name, limit in bare(results).items():
        servers = {row: found for row, found in results.rows.items() if isinstance(found, Measured)}
        group = [(str(row.service), found.per_cpu_second) for row, found in servers.items() if _belongs(row, name)]
        lines += _panel(name, group, limit, height)
        height += TOP + STEP * (len(group) + 1)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + 12}" role="img" {FONT}>',
            "<title>Tokens per CPU-second of each server, beside the signing limit of the core</title>",
            f'<rect width="{WIDTH}" height="{height + 12}" fill="#ffffff"/>',
            *lines,
            "</svg>",
            "",
        ]
    )


def _belongs(row: Row, name: str) -> bool:
    return row.signs and signature(row) == name


def _panel(name: str, group: list[tuple[str, float]], limit: float, top: int) -> Iterator[str]:
    longest = max(rate for _, rate in group)
    # Elliptic curves sign so fast that beside their limit all servers would be stubs: there it is written, not drawn.
    drawn = longest > limit / 4
    title = f"{name}: tokens per CPU-second" + ("" if drawn else f" (bare signatures: {number(limit)})")
    yield f'<text x="12" y="{top + 28}" font-weight="600">{escape(title)}</text>'
    bars = [(service, rate, OURS if service == Service.GATEKEY else THEIRS) for service, rate in group]
    if drawn:
        bars.append(("bare signatures", limit, LIMIT))
    for index, (label, rate, colour) in enumerate(bars):
        words = f"{number(rate)} ({rate / limit:.2f} of the limit)" if rate < limit else f"{number(rate)}: the limit"
        yield from _bar(label, rate / max(longest, limit if drawn else 0), colour, words, top + TOP + STEP * index)


def _bar(name: str, share: float, colour: str, words: str, top: int) -> Iterator[str]:
    length = max(1, round(SCALE * share))
    yield f'<text x="{LABEL}" y="{top + 13}" text-anchor="end">{escape(name)}</text>'
    yield f'<rect x="{LABEL + 10}" y="{top}" width="{length}" height="{BAR}" fill="{colour}"/>'
    yield f'<text x="{LABEL + 18 + length}" y="{top + 13}">{escape(words)}</text>'
