"""
The tables and help texts that `docs/reference` quotes from the product.

Run it (`.venv/bin/python tests/docs/reference.py`) to write them anew after a change; the tests only compare.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from gatekey.cli import commands
from gatekey.cli.groups import PATHS
from gatekey.server.gateway.policy.apis import BESIDE_ZEEBE, ZEEBE, RestApi
from gatekey.server.settings import Settings

REFERENCE = Path(__file__).resolve().parents[2] / "docs/reference"
QUOTED = re.compile(r"(?<=<!-- quoted -->\n\n).*?(?=\n\n<!-- end -->)", re.DOTALL)
WIDTH = 100
"""Characters; help texts are wrapped where a page can still show them."""

DEFAULT_IN_WORDS = {"data": "`~/.local/share/gatekey`"}
"""Defaults that depend on who asks."""


def settings_table() -> str:
    """
    Every setting as a row.
    """
    head = ["| setting | environment | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *map(_row, Settings.model_fields)])


def _row(name: str) -> str:
    field = Settings.model_fields[name]
    default = DEFAULT_IN_WORDS.get(name) or (f"`{field.default}`" if field.default not in {None, "", ()} else "none")
    return f"| `{name}` | `GATEKEY_{name.upper()}` | {default} | {field.description} |"


def api_table() -> str:
    """
    Every REST API of the gateway as a row.
    """
    head = ["| API | below the gateway's address | paths | audience |", "|---|---|---|---|"]
    return "\n".join([*head, *map(_api_row, (ZEEBE, *BESIDE_ZEEBE))])


def _api_row(api: RestApi) -> str:
    paths = [f"`{path}`" for path in api.resources or api.roots]
    audience = f"`{api.scope.audience_word}.<domain>`"
    also = f", and `{ZEEBE.scope.audience_word}.<domain>` where Zeebe's REST server serves it" if api.shared else ""
    return f"| {api.scope} | `{api.prefix}[/<cluster id>]` | {' '.join(paths)} | {audience}{also} |"


def command_help() -> str:
    """
    Every command's own help under a heading.
    """
    top = click.Context(commands, info_name="gatekey", terminal_width=WIDTH, **commands.context_settings)
    return "\n\n".join(
        f"## {context.command_path}\n\n```text\n{_plain(context.get_help())}\n```" for context in _contexts(top)
    )


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        names = PATHS if context.command is commands else context.command.commands
        for name in names:
            command = context.command.get_command(context, name)
            assert command is not None
            yield from _contexts(click.Context(command, parent=context, info_name=name))


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


QUOTES = {"settings.md": settings_table, "cli.md": command_help, "gateway.md": api_table}


def quoted(page: str) -> str:
    """
    What the page says now.
    """
    found = QUOTED.search((REFERENCE / page).read_text())
    return found.group() if found else ""


def write(page: str) -> None:
    """
    Put the quote into its page.
    """
    text = QUOTES[page]()
    path = REFERENCE / page
    path.write_text(QUOTED.sub(lambda _: text, path.read_text()))


if __name__ == "__main__":
    for page in QUOTES:
        write(page)
