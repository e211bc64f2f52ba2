"""
What it costs to have the library: time and memory of its import, and what the wheel is filled with.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from zipfile import ZipFile

from benchmarks.client.tables import Plan, Table

REPOSITORY = Path(__file__).resolve().parents[2]

MEASURE = """
import sys, time
def kept():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Private_Dirty"))
statement, sys.path[:] = sys.argv[1], sys.argv[2].split(":")
before, started = kept(), time.perf_counter()
exec(statement)
print((time.perf_counter() - started) * 1000, (kept() - before) / 1024)
"""

STATEMENTS = (
    "import gatekey",
    "from gatekey import TokenSource",
    "from gatekey import AsyncTokenSource",
    "import dataclasses",
    "from pyzeebe.credentials.oauth import Oauth2ClientCredentialsMetadataPlugin",
    "from camunda_orchestration_sdk.runtime.auth import OAuthClientCredentialsAuthProvider",
    "from authlib.integrations.requests_client import OAuth2Session",
    "from requests_oauthlib import OAuth2Session",
    "from google.oauth2 import service_account",
    "import msal",
)


def imports(plan: Plan) -> Table:
    """
    Import each library in fresh interpreters.
    """
    return Table(
        "Import",
        f"ms and MB over a bare interpreter, best of {plan.runs} fresh ones. Goal for `import gatekey`: 30 ms, 3 MB."
        " `dataclasses`, which nearly every program has already, is the larger part of TokenSource's memory.",
        ("statement", "ms", "MB"),
        [(f"`{statement}`", *imported(statement, plan.runs)) for statement in STATEMENTS],
    )


def imported(statement: str, runs: int) -> tuple[str, str]:
    command = [sys.executable, "-c", MEASURE, statement, ":".join(sys.path)]
    told = [subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(runs)]
    if any(one.returncode for one in told):
        return "missing", "missing"
    figures = [tuple(map(float, one.stdout.split())) for one in told]
    return f"{min(figure[0] for figure in figures):.1f}", f"{min(figure[1] for figure in figures):.1f}"


def wheel(_: Plan) -> Table:
    """
    Build the wheel and weigh what is in it.
    """
    sizes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
        made = next(Path(folder).glob("*.whl"))
        whole = made.stat().st_size
        with ZipFile(made) as archive:
            for entry in archive.infolist():
                sizes[part_of(entry.filename)] += entry.compress_size
    rows = [(part, f"{size / 1000:.0f}") for part, size in sizes.most_common()]
    frame = ("names and places of the files in the archive", f"{(whole - sizes.total()) / 1000:.0f}")
    used = sizes.total() - sizes["service"] - sizes["console: fonts, styles, scripts"]
    return Table(
        "Wheel",
        f"{whole / 1000:.0f} kB. Goal: 150. What is not the service has {used / 1000:.0f}, without names and places.",
        ("part", "kB"),
        [*rows, frame],
    )


def part_of(name: str) -> str:
    match name.split("/"):
        case ["gatekey", "server", "web", "console", "static", *_]:
            return "console: fonts, styles, scripts"
        case ["gatekey", "server", *_]:
            return "service"
        case ["gatekey", "cli", *_]:
            return "command line"
        case ["gatekey", *_]:
            return "client library"
        case _:
            return "metadata, licence"
