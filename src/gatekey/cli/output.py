"""What commands print: tables and details for people, JSON or one value of it for programs."""

import json
import shutil
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

GAP = "  "

BREAKABLE = 12
"""Characters; no word up to this length is broken."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; one that is `whole` is never wrapped, because what stands in it is there to be copied."""

    title: str
    whole: bool = False


def as_text(value: Any) -> str:
    """Return a value as JSON text."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def print_json(value: Any) -> None:
    """Print a value as JSON, for programs."""
    click.echo(as_text(value))


def field_text(document: Mapping[str, Any], name: str) -> str:
    """Return one value of a document as programs read it: a list's one a line, nothing for null."""
    found = document[name]
    values = found if isinstance(found, list) else [] if found is None else [found]
    return "\n".join(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values)


def print_field(value: Any, name: str) -> None:
    """Print one value of a document, and nothing else; of a list of documents one value a line."""
    documents = value if isinstance(value, list) else [value]
    if documents:
        # One piece: where only the first lines are read (`| head -n 1`), writing the others must not fail.
        click.echo("\n".join(field_text(document, name) for document in documents))


def print_table(columns: Sequence[Column | str], rows: Sequence[Sequence[str]]) -> None:
    """
    Print rows for people. On a terminal that is too narrow columns wrap, except those that are whole; where that is not
    enough, each row is printed as lines of title and value. Elsewhere nothing wraps.
    """
    heads = [column if isinstance(column, Column) else Column(column) for column in columns]
    cells = [[head.title for head in heads], *rows]
    widths: Sequence[int] | None = [max(_width(row[place]) for row in cells) for place in range(len(heads))]
    if sys.stdout.isatty():
        widths = _fitted(heads, cells, shutil.get_terminal_size().columns)
    if widths is None:
        print_blocks([[(head.title, text) for head, text in zip(heads, row, strict=True) if text] for row in rows])
        return
    for number, row in enumerate(cells):
        for line in _lines(row, widths):
            click.secho(line, bold=number == 0)


def print_item(text: str, first: str, others: str) -> None:
    """Print a sentence with what its first line begins with; on a terminal it is wrapped, and `others` begins more."""
    if not sys.stdout.isatty():
        click.echo(first + text)
        return
    from textwrap import fill

    width = shutil.get_terminal_size().columns
    click.echo(fill(text, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False))


def print_blocks(blocks: Sequence[Sequence[tuple[str, str]]]) -> None:
    """Print details of several things, with an empty line between them."""
    for number, rows in enumerate(blocks):
        if number:
            click.echo()
        print_details(rows)


def print_details(rows: Sequence[tuple[str, str]]) -> None:
    """Print names and values, aligned."""
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")


def _fitted(columns: Sequence[Column], cells: Sequence[Sequence[str]], available: int) -> list[int] | None:
    """Return widths that fit, taken from the widest columns: between words, then within long ones. None: none do."""
    texts = [[row[place] for row in cells] for place in range(len(columns))]
    fitted = [max(map(_width, column)) for column in texts]
    words = [max(_width(word) for text in column for word in text.split(" ")) for column in texts]
    for floors in (words, [min(word, BREAKABLE) for word in words]):
        least = [width if column.whole else floor for column, width, floor in zip(columns, fitted, floors, strict=True)]
        while sum(fitted) + len(GAP) * (len(fitted) - 1) > available:
            _, place = max((width - least[place], place) for place, width in enumerate(fitted))
            if fitted[place] <= least[place]:
                break
            fitted[place] -= 1
        else:
            return fitted
    return None


def _lines(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    wrapped = [_wrapped(text, width) for text, width in zip(row, widths, strict=True)]
    return [
        GAP.join(
            text + " " * (width - _width(text))
            for width, text in zip(widths, (cell[line] if line < len(cell) else "" for cell in wrapped), strict=True)
        ).rstrip()
        for line in range(max(map(len, wrapped)))
    ]


def _wrapped(text: str, width: int) -> list[str]:
    """Return the text in lines: between words where that is possible, else within one."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if _width(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if lines[-1] and _width(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return lines


def _width(text: str) -> int:
    """Return how many places of a terminal the text takes (UAX 11: wide letters take two, combining ones none)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text
    )


def details_of(document: Mapping[str, Any], labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what a document says under its labels, without what it leaves open."""
    return [(label, _text(document[name])) for name, label in labels.items() if document[name] is not None]


def _text(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
