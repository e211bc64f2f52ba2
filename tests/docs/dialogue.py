"""
Reads the ```console blocks of a document and runs their commands, in one shell, in their order.
"""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
MARK = "\x1e"
"""ASCII "record separator": no program of ours prints it."""

BOUND_SECONDS = 600
"""A bound against hanging, not an expectation."""


@dataclass(frozen=True, slots=True)
class Step:
    """
    One command after `$ ` and the lines that the document shows below it; `…` in them stands for anything.
    """

    command: str
    shown: str

    @property
    def pattern(self) -> re.Pattern[str]:
        pieces = (re.escape(piece) for piece in self.shown.split("…"))
        return re.compile(".*?".join(pieces), re.DOTALL)


def steps_of(document: Path) -> list[Step]:
    """
    Every command of the document, in its order.
    """
    lines = "".join(BLOCK.findall(document.read_text())).splitlines()
    steps: list[Step] = []
    for line in lines:
        if line.startswith("$ "):
            steps.append(Step(line.removeprefix("$ "), ""))
        else:
            steps[-1] = Step(steps[-1].command, f"{steps[-1].shown}{line}\n")
    return steps


def run(steps: list[Step], folder: Path, environment: Mapping[str, str]) -> list[tuple[int, str]]:
    """
    Return exit code and output of each step.
    """
    script = "".join(f"{step.command}\nprintf '\\n{MARK}%s{MARK}' $?\n" for step in steps)
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail\nexec 2>&1 </dev/null\n{script}"],  # noqa: S607 - the shell of whoever reads it
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )
    pieces = done.stdout.split(MARK)
    return [(int(code), output.strip("\n")) for output, code in zip(pieces[0::2], pieces[1::2], strict=False)]
