"""
`python -m benchmarks.client [--quick] [PART …]`; `scripts/bench client` installs what it needs first.
"""

import os
import platform
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from benchmarks.client.cold import cold_starts
from benchmarks.client.hammering import hammering
from benchmarks.client.hot import hot_path
from benchmarks.client.policy import virtual_hours
from benchmarks.client.stampede import stampede
from benchmarks.client.tables import FULL, QUICK, Plan, Table, say, written
from benchmarks.client.weight import imports, wheel

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "benchmarks-client.md"

PARTS: dict[str, Callable[[Plan], Table]] = {
    "cold": cold_starts,
    "hot": hot_path,
    "hammer": hammering,
    "stampede": stampede,
    "import": imports,
    "wheel": wheel,
    "policy": virtual_hours,
}

PEERS = ("pyzeebe", "camunda-orchestration-sdk", "authlib", "requests-oauthlib", "google-auth", "msal")


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice([*PARTS]))
@click.option("--quick", is_flag=True, help="Show that it works, in about a minute; write no page.")
@click.option("--peers", type=click.Path(exists=True), help="Folder with the peers that the tests do not need.")
@click.option("--output", type=click.Path(path_type=Path), default=PAGE, help="The page.")
def main(*, parts: tuple[str, ...], quick: bool, peers: str | None, output: Path) -> None:
    """
    Measure the client library beside its goals and other libraries: all PARTS, or those that are named.
    """
    if peers:
        sys.path.append(peers)  # behind what is locked; spawned children inherit it
    tables = []
    for name in parts or PARTS:
        say(name)
        table = PARTS[name](QUICK if quick else FULL)
        click.echo(f"\n{written(table)}")
        tables.append(table)
    if not quick and not parts:
        output.write_text(page(tables))
        say(f"wrote {output.name}")


def page(tables: list[Table]) -> str:
    """
    Return the page of the reference.
    """
    opening = (
        "# Benchmarks: client library\n\n<!-- Written by scripts/bench: do not edit. -->\n\n"
        "`scripts/bench client` measures all of this in one run, in about five minutes; `--quick` shows in about two\n"
        "that it works. Each library is used as its documentation says: one object for the process, asked before each\n"
        "call. google-auth proves by a signed statement, msal by a secret at an OpenID provider: so both can be used\n"
        "with any server.\n\n"
        f"- Machine: {_processor()}, {os.cpu_count()} cores.\n- Versions: Python {platform.python_version()}"
    )
    versions = "".join(f", {name} {_version(name)}" for name in PEERS)
    return "\n\n".join([f"{opening}{versions}.", *map(written, tables)]) + "\n"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return facts.get("model name", platform.machine())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


if __name__ == "__main__":
    main()
