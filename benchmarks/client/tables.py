"""
What a part of the benchmark found, and how it is written down.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """
    One part's findings; `words` say what was done and how to read it.
    """

    title: str
    words: str
    head: Row
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Plan:
    """
    How much is measured: `window` are the seconds of hammering, `runs` the repetitions of what varies.
    """

    window: float
    runs: int
    calls: int
    hours: float


FULL = Plan(window=10.0, runs=5, calls=20_000, hours=1_000_000)
QUICK = Plan(window=1.0, runs=1, calls=2_000, hours=5_000)


def written(table: Table) -> str:
    """
    Return the table as Markdown.
    """
    columns = range(len(table.head))
    lines = [table.head, *table.rows]
    widths = [max(len(line[column]) for line in lines) for column in columns]
    rows = ["| " + " | ".join(line[column].ljust(widths[column]) for column in columns) + " |" for line in lines]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([f"## {table.title}", "", table.words, "", rows[0], rule, *rows[1:]])


def say(words: str) -> None:
    """
    Tell whoever waits how far it is.
    """
    print(f"bench: {words}", file=sys.stderr)
